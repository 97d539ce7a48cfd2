/** `--json`, the same for every command that prints facts. */
export const jsonOption = { type: 'boolean', help: 'Print the result as JSON' } as const;
