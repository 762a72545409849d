/**
 * Modules by their names, so that a recorded call can be made again. Every module is entered when its file is loaded; the factories of one name that a
 * module makes per call replace each other.
 */

/** Makes the action of a call; what it throws for parameters that are not its own is a TypeError. */
type Factory = (params: never) => object;

const modules = new Map<string, Factory>();

/** Enters a module and returns it. */
export function registerModule<F extends Factory>(name: string, factory: F): F {
  modules.set(name, factory);
  return factory;
}

/** The module of a name, `systemd.service`, once its file is loaded. */
export function moduleNamed(name: string): Factory | undefined {
  return modules.get(name);
}
