/** Shells for which there is completion. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

/** A command with what may follow it. */
export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  readonly flags: readonly {
    readonly name: string
    readonly takesFile: boolean
    readonly takesValue: boolean
    readonly help: string
  }[]
}

type Script = (commands: readonly CompletedCommand[]) => string

/** What a shell reads. */
export const COMPLETION_SCRIPTS: Readonly<Record<(typeof SHELLS)[number], Script>> = {
  bash,
  zsh,
  fish,
}

/** Words that may come first, each with what it is for. */
function firstWords(commands: readonly CompletedCommand[]): [word: string, summary: string][] {
  const single = commands.filter(({ name }) => !name.includes(' '))
  return [
    ...single.map(({ name, summary }): [string, string] => [name, summary]),
    ['token', 'look at tokens, and act on them at a Onezone'],
    ['help', 'help of a command'],
  ]
}

/** Words that may follow `token`. */
function tokenWords(commands: readonly CompletedCommand[]): [word: string, summary: string][] {
  return commands.flatMap(({ name, summary }): [string, string][] => {
    const [first, second] = name.split(' ')
    return first === 'token' && second !== undefined ? [[second, summary]] : []
  })
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

const words = (pairs: readonly [string, string][]): string => pairs.map(([word]) => word).join(' ')

/** Flags after which the name of a file comes; and those after which anything else comes. */
function flagsWithValues(
  commands: readonly CompletedCommand[],
): [files: string[], others: string[]] {
  const flags = commands.flatMap((command) => command.flags)
  const names = (fits: (flag: (typeof flags)[number]) => boolean): string[] => [
    ...new Set(flags.filter(fits).map(({ name }) => name)),
  ]
  const files = names(({ takesFile }) => takesFile)
  // One flag may name a file in one command and something else in another: a file is the better guess.
  const others = names(({ takesValue }) => takesValue).filter((name) => !files.includes(name))
  return [files, others]
}

function bash(commands: readonly CompletedCommand[]): string {
  const [files, others] = flagsWithValues(commands)
  const cases = commands.map(
    ({ name, flags }) =>
      `    ${quoted(name)}) words='${flags.map((flag) => flag.name).join(' ')}' ;;`,
  )
  return `# bash completion of onegate
_onegate() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at=1 name words=
  COMPREPLY=()
  case $prev in
    ${files.join('|')}) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    ${others.join('|')}) return ;;
  esac
  [[ \${COMP_WORDS[1]} == help ]] && at=2
  name=\${COMP_WORDS[at]}
  if ((COMP_CWORD == at)); then
    words='${words(firstWords(commands))}'
  elif [[ $name == token ]] && ((COMP_CWORD == at + 1)); then
    words='${words(tokenWords(commands))}'
  else
    [[ $name == token ]] && name="token \${COMP_WORDS[at+1]}"
    case $name in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o filenames -F _onegate onegate`
}

function zsh(commands: readonly CompletedCommand[]): string {
  const [files, others] = flagsWithValues(commands)
  const described = (pairs: readonly [string, string][]): string =>
    pairs.map(([word, summary]) => quoted(`${word}:${summary.replaceAll(':', '\\:')}`)).join(' ')
  const cases = commands.map(({ name, flags }) => {
    const listed = flags.map((flag): [string, string] => [flag.name, flag.help])
    return `    ${quoted(name)}) described=(${described(listed)}) ;;`
  })
  return `#compdef onegate
# zsh completion of onegate
_onegate() {
  local at=2 name
  local -a described
  case $words[CURRENT-1] in
    ${files.join('|')}) _files; return ;;
    ${others.join('|')}) return 1 ;;
  esac
  [[ $words[2] == help ]] && at=3
  name=$words[at]
  if (( CURRENT == at )); then
    described=(${described(firstWords(commands))})
  elif [[ $name == token ]] && (( CURRENT == at + 1 )); then
    described=(${described(tokenWords(commands))})
  else
    [[ $name == token ]] && name="token $words[at+1]"
    case $name in
${cases.join('\n')}
    esac
  fi
  _describe -t words 'onegate' described
}
if [[ $funcstack[1] == _onegate ]]; then
  _onegate "$@"
else
  compdef _onegate onegate
fi`
}

function fish(commands: readonly CompletedCommand[]): string {
  const first = firstWords(commands)
  const second = tokenWords(commands)
  const lines = [
    '# fish completion of onegate',
    'complete -c onegate -f',
    ...first.map(([word, summary]) =>
      fishLine('__fish_use_subcommand', `-a ${word} -d ${fishQuoted(summary)}`),
    ),
    ...first
      .filter(([word]) => word !== 'help')
      .map(([word, summary]) =>
        fishLine(
          '__fish_seen_subcommand_from help; and test (count (commandline -opc)) -eq 2',
          `-a ${word} -d ${fishQuoted(summary)}`,
        ),
      ),
    ...second.map(([word, summary]) =>
      fishLine(
        `__fish_seen_subcommand_from token; and not __fish_seen_subcommand_from ${words(second)}`,
        `-a ${word} -d ${fishQuoted(summary)}`,
      ),
    ),
  ]
  for (const { name, flags } of commands) {
    const [one = '', two] = name.split(' ')
    const seen =
      two === undefined
        ? `__fish_seen_subcommand_from ${one}; and not __fish_seen_subcommand_from token help`
        : `__fish_seen_subcommand_from ${one}; and __fish_seen_subcommand_from ${two}`
    for (const flag of flags) {
      const value = flag.takesFile ? ' -r -F' : flag.takesValue ? ' -x' : ''
      const help = `-d ${fishQuoted(flag.help)}`
      lines.push(fishLine(seen, `-l ${flag.name.slice(2)}${value} ${help}`))
    }
  }
  return lines.join('\n')
}

/** In fish a quote is escaped inside of quotes. */
function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}

function fishLine(condition: string, rest: string): string {
  return `complete -c onegate -n ${fishQuoted(condition)} ${rest}`
}
