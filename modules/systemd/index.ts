/** systemd: units as they are, flags in them, whole unit files, run and boot state, restarts that are seen to take effect. */
export { current, stale, type Current, type CurrentParams } from './current';
export { file, type FileParams } from './file';
export { flag, type FlagParams } from './flag';
export { freeze, thaw, type FreezeParams, type Frozen } from './freeze';
export { quiet, type QuietParams } from './log';
export { type ProcessInfo } from './process';
export { daemonReload, reload, restart, type Restarted } from './restart';
export { service, type ServiceParams } from './service';
export { type UnitState } from './show';
export { staleness, type StalenessOptions } from './staleness';
export { flagOf, unit, variableOf, type FlagReading, type SourceLine, type Unit, type UnitArgument, type UnitParams } from './unit';
export { unitName } from './unit-name';
export { editRefusal, variable, type VariableParams } from './variable';
