/** The command line of a component, as Go's pflag reads it: `--name=value`, `--name value` and `--name`. */
export class Flags {
  private readonly values = new Map<string, string>();

  /** @throws when an argument is not a flag. */
  constructor(argv: readonly string[]) {
    for (let i = 0; i < argv.length; i += 1) {
      const [, name, value] = /^--?([^=]+)(?:=(.*))?$/s.exec(argv[i] ?? '') ?? [];
      if (name === undefined) throw new Error(`unknown argument ${argv[i] ?? ''}: flags start with --`);
      const next = argv[i + 1];
      const takesNext = value === undefined && next !== undefined && !next.startsWith('-');
      if (takesNext) i += 1;
      this.values.set(name, takesNext ? next : (value ?? 'true'));
    }
  }

  /** The value of a flag, or what stands in for it. */
  text(name: string, otherwise: string): string {
    return this.values.get(name) ?? otherwise;
  }

  /** @throws when the flag is not there. */
  required(name: string): string {
    const value = this.values.get(name);
    if (value === undefined || value === '') throw new Error(`--${name} is required`);
    return value;
  }

  /** The parts of a flag's value that commas separate. */
  list(name: string): string[] {
    return this.text(name, '').split(',').filter((part) => part !== '');
  }

  isTrue(name: string, otherwise: boolean): boolean {
    return this.text(name, String(otherwise)) === 'true';
  }

  /**
   * A duration as Go writes it, in milliseconds.
   * @throws when the value is not a duration.
   */
  milliseconds(name: string, otherwise: string): number {
    return parseDuration(this.text(name, otherwise));
  }
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function parseDuration(text: string): number {
  if (!/^(0|(\d+(\.\d+)?(ms|s|m|h))+)$/.test(text)) throw new Error(`${text} is no duration, write 15s or 1m30s`);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (unitMs[unit ?? ''] ?? 0), 0);
}
