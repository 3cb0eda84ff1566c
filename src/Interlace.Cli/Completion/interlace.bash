# Completion of interlace for bash: source <(interlace completion bash), or put this file where bash-completion looks for it,
# ~/.local/share/bash-completion/completions/interlace.

_interlace() {
    local found word="${COMP_WORDS[COMP_CWORD]}"
    [[ $word == = ]] && word=
    COMPREPLY=()
    while IFS= read -r found; do
        # Options are for those who begin one: a file may stand there as well, which bash itself completes.
        [[ $found == "$word"* && ( $found != -* || $word == -* ) ]] && COMPREPLY+=("$found")
    done < <("$1" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)
}

complete -o bashdefault -o default -F _interlace interlace
