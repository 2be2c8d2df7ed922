/** The shells that there are scripts for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The hidden command that scripts ask; cobra's programs have one of the same name. */
export const ASK = '__complete';

/**
 * The script that has a shell ask the program what a word may become. It knows nothing of the program's commands, and
 * so stays true when they change.
 */
export function completionScript(shell: Shell, program: string): string {
  return SCRIPTS[shell].replaceAll('@PROGRAM@', program).replaceAll('@ASK@', ASK).trimStart();
}

// Bash takes `=` and `:` for the ends of words, zsh and fish do not: its candidates begin after the last of them.
const BASH = `
# Completions of @PROGRAM@ for bash: source <(@PROGRAM@ completion bash)
_@PROGRAM@_complete() {
  local current=\${COMP_WORDS[COMP_CWORD]} line=\${COMP_LINE:0:COMP_POINT} words output directive candidate
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local word=\${words[\${#words[@]} - 1]} before
  case $current in *[=:]) current= ;; esac
  before=\${word%"$current"}
  output=$("\${words[0]}" @ASK@ -- "\${words[@]:1}" 2>/dev/null) || return 0
  directive=\${output##*:}
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    [[ $candidate == :* || $candidate == '' ]] || COMPREPLY+=("\${candidate#"$before"}")
  done <<<"$output"
  case $directive in
    0) compopt -o default ;;
    6) compopt -o nospace ;;
    16) compopt -o dirnames ;;
  esac 2>/dev/null
}
complete -F _@PROGRAM@_complete @PROGRAM@
`;

const ZSH = `
#compdef @PROGRAM@
# Completions of @PROGRAM@ for zsh: source <(@PROGRAM@ completion zsh), or as _@PROGRAM@ in a folder of $fpath
_@PROGRAM@() {
  local -a lines candidates
  local line value directive
  lines=("\${(@f)$("\${words[1]}" @ASK@ -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  directive=\${lines[-1]#:}
  for line in "\${(@)lines[1,-2]}"; do
    value=\${line%%$'\\t'*}
    candidates+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
  done
  case $directive in
    0) _files ;;
    16) _files -/ ;;
    6) _describe -t values value candidates -S '' ;;
    *) _describe -t values value candidates ;;
  esac
}
if [ "\${funcstack[1]}" = _@PROGRAM@ ]; then _@PROGRAM@ "$@"; else compdef _@PROGRAM@ @PROGRAM@; fi
`;

const FISH = `
# Completions of @PROGRAM@ for fish: @PROGRAM@ completion fish | source
function __@PROGRAM@_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l lines ($words[1] @ASK@ -- $words[2..-1] $current 2>/dev/null)
  test (count $lines) -gt 0; or return
  switch $lines[-1]
    case :0
      __fish_complete_path $current
    case :16
      __fish_complete_directories $current
    case '*'
      string match --invert ':*' -- $lines
  end
end
complete --command @PROGRAM@ --no-files --arguments '(__@PROGRAM@_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
