import type { Command } from './command.ts'
import type { CompletedCommand } from './completion-scripts.ts'
import { COMPLETION_SCRIPTS, SHELLS } from './completion-scripts.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { COMMAND_SUMMARIES } from './help.ts'

/** Makes `onegate completion`, which completes these commands. */
export const completionCommandFor = (
  commands: Readonly<Record<string, () => Promise<Command>>>,
): Command => ({
  name: 'completion',
  usage: SHELLS.map((shell) => `--shell ${shell}`),
  about: `Prints what lets a shell complete commands and flags. Put it where your shell reads it:
  bash: onegate completion --shell bash > ~/.local/share/bash-completion/completions/onegate
  zsh:  onegate completion --shell zsh > ~/.zfunc/_onegate, with fpath+=(~/.zfunc) before compinit in ~/.zshrc
  fish: onegate completion --shell fish > ~/.config/fish/completions/onegate.fish`,
  options: {
    shell: { value: 'SHELL', help: `${SHELLS.join(', ')}; or as a word: completion bash.` },
  },
  examples: [
    'source <(onegate completion --shell bash)',
    'onegate completion --shell fish | source',
  ],

  async run(args, terminal) {
    const shell = SHELLS.find((name) => name === args.text('shell'))
    if (shell === undefined) throw new UsageError(`say which shell: ${SHELLS.join(', ')}`)
    terminal.print(COMPLETION_SCRIPTS[shell](await readCommands(commands)))
    return EXIT.ok
  },
})

/** What there is to complete, from what the commands themselves declare. */
async function readCommands(
  commands: Readonly<Record<string, () => Promise<Command>>>,
): Promise<CompletedCommand[]> {
  return Promise.all(
    Object.entries(commands).map(async ([name, load]) => {
      const { options } = await load()
      const flags = Object.entries(options).map(([flag, { value, help }]) => ({
        name: `--${flag}`,
        takesFile: value === 'FILE',
        takesValue: value !== undefined,
        help,
      }))
      const ofHelp = { name: '--help', takesFile: false, takesValue: false, help: 'This help.' }
      return { name, summary: COMMAND_SUMMARIES[name] ?? '', flags: [...flags, ofHelp] }
    }),
  )
}
