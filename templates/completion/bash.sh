# git's own completion calls this for `git wild ...`, with cur, prev, words and cword set.
_git_wild ()
{
	local command="" word i
	for ((i = ${__git_cmd_idx-0} + 1; i < cword; i++)); do
		word="${command:+$command }${words[i]}"
		if __git_wild_options "$word" >/dev/null; then
			command="$word"
		fi
	done
	if [ "$prev" = --env ]; then
		__gitcomp_nl "$(__git_wild_environments)"
		return
	fi
	case "$cur" in
	--rev=*|--to=*|--range=*)
		__git_complete_refs --cur="${cur#*=}"
		;;
	--env=*)
		__gitcomp_nl "$(__git_wild_environments)" "" "${cur#*=}"
		;;
	-*)
		__gitcomp "$(__git_wild_options "$command")"
		;;
	*)
		__gitcomp_nl "$(__git_wild_words "$command")"
		;;
	esac
}

# `git-wild ...` typed with its hyphen.
if declare -F __git_complete >/dev/null; then
	__git_complete git-wild _git_wild
fi
