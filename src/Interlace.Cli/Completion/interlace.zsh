#compdef interlace
# Completion of interlace for zsh: source <(interlace completion zsh) behind compinit, or put this file as _interlace
# into a folder of $fpath.

_interlace() {
    local line="${(j: :)words[1,CURRENT]}" word="$PREFIX"
    local -a found
    found=("${(@f)$("$words[1]" "[suggest:${#line}]" "$line" 2>/dev/null)}")
    found=(${found:#})
    # Options are for those who begin one: a file may stand there as well.
    [[ $word == -* ]] || found=(${found:#-*})
    [[ $word == -*=* ]] && compset -P '*='
    if (( $#found )); then
        compadd -- $found
    else
        _files
    fi
}

if [[ $funcstack[1] == _interlace ]]; then
    _interlace "$@"
else
    compdef _interlace interlace
fi
