/** Which nginx: its binary, prefix and configuration, as the unit starts it. @see nginx(8) */
import { posix } from 'node:path';
import { RefusedError } from '../../core/errors';
import { cmd } from '../../core/transport/command';
import type { Connection } from '../../core/transport/connection';
import { readUnit } from '../systemd/unit';
import { unitName, unitNameProblems } from '../systemd/unit-name';

/** Names an nginx: by the unit that starts it, or by hand where no unit does. */
export type Where =
  | { /** `kube-nginx`: binary, prefix and configuration are read from its ExecStart. */ readonly unit: string; readonly binary?: undefined }
  | {
    /** Absolute path of the binary. */
    readonly binary: string;
    /** As `-p`; default: the one it was built with. */
    readonly prefix?: string;
    /** As `-c`; default: the one it was built with. */
    readonly config?: string;
    readonly unit?: undefined;
  };

/** An nginx of a host. */
export interface Instance {
  /** The unit's full name, or the binary's path: for messages. */
  readonly name: string;
  readonly unit: string | undefined;
  readonly binary: string;
  /** Absolute, without a slash at its end; relative log, pid and module paths start here. */
  readonly prefix: string;
  /** Absolute path of the main configuration file. */
  readonly config: string;
  /** Global directives of `-g`. */
  readonly globals: string | undefined;
  /** Where it logs and keeps its pid unless the configuration says otherwise. */
  readonly errorLog: string;
  readonly pidFile: string;
  /** Main process of the unit; 0 where none is known. */
  readonly mainPid: number;
}

/** What is wrong with the parameters, as sentences. */
export function whereProblems(where: Where): readonly string[] {
  if (where.unit !== undefined) return unitNameProblems(where.unit);
  const paths = [where.binary, where.prefix, where.config].filter(path => path !== undefined);
  return paths.filter(path => !path.startsWith('/')).map(path => `the path "${path}" must be absolute`);
}

/** For messages: the unit or the configuration. */
export function whereSubject(where: Where): string {
  return where.unit === undefined ? where.config ?? where.binary : unitName(where.unit);
}

/** Finds out about an nginx. @throws RefusedError when the unit does not exist, or runs something that is not nginx itself */
export async function readInstance(on: Connection, where: Where): Promise<Instance> {
  const unit = where.unit === undefined ? undefined : await readUnit(on, where.unit);
  const binary = unit?.program ?? where.binary ?? '';
  const said = unit === undefined ? handGiven(where) : parseArguments(unit.args.map(arg => arg.text));
  const name = unit?.unit ?? binary;
  const { code, stderr } = await on.run(cmd`${binary} -V`, { expect: 'any' });
  if (code !== 0 || !/^nginx version|configure arguments:/m.test(stderr)) {
    throw new RefusedError(`${on.host.name}: ${name} runs "${binary}", which is not nginx itself`, 'Name it by hand: binary, prefix and config instead of unit.');
  }
  const built = (option: string): string => new RegExp(`(?:^|\\s)--${option}=('[^']*'|\\S+)`).exec(stderr)?.[1]?.replaceAll("'", '') ?? '';
  const prefix = (said.prefix ?? built('prefix')).replace(/(?<=.)\/+$/, '');
  return {
    name, unit: unit?.unit, binary, prefix, config: posix.resolve(prefix, said.config ?? (built('conf-path') || 'conf/nginx.conf')), globals: said.globals,
    errorLog: said.errorLog ?? (built('error-log-path') || 'logs/error.log'), pidFile: built('pid-path') || 'logs/nginx.pid', mainPid: unit?.mainPid ?? 0,
  };
}

/** The arguments that make the binary use this instance's files. @param config another main file, to try it */
export function argumentsOf(instance: Instance, config = instance.config): readonly string[] {
  return ['-p', `${instance.prefix}/`, '-c', config, ...(instance.globals === undefined ? [] : ['-g', instance.globals])];
}

interface Given {
  readonly prefix?: string;
  readonly config?: string;
  readonly globals?: string;
  readonly errorLog?: string;
}

function handGiven(where: Where): Given {
  if (where.unit !== undefined) return {};
  return { ...(where.prefix === undefined ? {} : { prefix: where.prefix }), ...(where.config === undefined ? {} : { config: where.config }) };
}

/** nginx's own reading of its command line: one letter options, several in a word, a value in the same word or the next. */
export function parseArguments(args: readonly string[]): Given {
  const given: { prefix?: string; config?: string; globals?: string; errorLog?: string } = {};
  const keys = { p: 'prefix', c: 'config', g: 'globals', e: 'errorLog' } as const;
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    const option = word.startsWith('-') ? /[pcgse]/.exec(word)?.[0] : undefined;
    if (option === undefined) continue;
    const inWord = word.slice(word.indexOf(option) + 1);
    const value = inWord === '' ? args[at + 1] ?? '' : inWord;
    if (inWord === '') at += 1;
    if (option !== 's') given[keys[option as keyof typeof keys]] = value;
  }
  return given;
}
