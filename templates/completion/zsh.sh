# zsh's own completion of git calls this for `git wild ...`, with words and CURRENT counted from `wild`.
_git-wild ()
{
	local command="" word
	local -i i
	for ((i = 2; i < CURRENT; i++)); do
		word="${command:+$command }${words[i]}"
		if __git_wild_options "$word" >/dev/null; then
			command="$word"
		fi
	done
	if [[ "${words[CURRENT-1]}" == --env ]]; then
		compadd -- ${(f)"$(__git_wild_environments)"}
	elif [[ "$PREFIX" == -* ]]; then
		compadd -S '' -- ${(M)=$(__git_wild_options "$command"):#*=}
		compadd -- ${=$(__git_wild_options "$command"):#*=}
	else
		compadd -- ${(f)"$(__git_wild_words "$command")"} || _files
	fi
}

if (( $+functions[compdef] )); then
	compdef _git-wild git-wild
fi
