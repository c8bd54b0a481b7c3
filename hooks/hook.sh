# What every hook of git wild does; the file that git runs sets $hook and $before and then reads this one.
#   $hook    its name
#   $before  the hook that was there before us; it runs first, and its refusal stands
# POSIX sh, and as few processes as can be: reference-transaction runs whenever git touches a ref.

reads_stdin=
case $hook in reference-transaction | pre-push | post-rewrite) reads_stdin=yes ;; esac

# Git reports a transaction three times; nobody but a hook before us wants the other two.
if [ "$hook" = reference-transaction ] && [ "$1" != prepared ] && ! [ -x "$before" ]; then
    exit 0
fi

# Nearly always there is one line on stdin; to read it without another process keeps this cheap.
newline='
'
input=
if [ "$reads_stdin" ] && IFS= read -r line; then
    input=$line$newline
    if IFS= read -r line; then
        rest=$(cat && echo .)
        input=$input$line$newline${rest%.}
    fi
fi

if [ -x "$before" ]; then
    # Somebody may have put our own hook in the place of the one before us: end what would never end.
    WILD_HOOK_DEPTH=$((${WILD_HOOK_DEPTH:-0} + 1))
    if [ "$WILD_HOOK_DEPTH" -gt 9 ]; then
        echo "git wild: the hook $hook calls itself through $before" >&2
        echo "hint: git wild hooks uninstall && git wild hooks install" >&2
        exit 3
    fi
    export WILD_HOOK_DEPTH
    if [ "$reads_stdin" ]; then
        printf %s "$input" 2>/dev/null | "$before" "$@" || exit $?
    else
        "$before" "$@" || exit $?
    fi
fi

case $hook in
reference-transaction)
    [ "$1" = prepared ] || exit 0
    # Only a branch or a tag that is made or moved brings something in that was not guarded already.
    wanted=
    IFS=$newline
    set -f
    for line in $input; do
        ref=${line##* }
        new=${line#* }
        new=${new%% *}
        case $ref in
        refs/heads/* | refs/tags/*)
            case $new in *[!0]*) [ "${line%% *}" = "$new" ] || wanted=yes ;; esac
            ;;
        esac
    done
    unset IFS
    set +f
    [ "$wanted" ] || exit 0
    ;;
post-merge | post-commit | post-rewrite)
    # A command of ours that commits looks after it by itself, when it is through.
    [ -z "${GIT_WILD_AT_WORK-}" ] || exit 0
    # Only a branch that an environment is deployed from can need a deploy, and hardly any branch is.
    git_dir=${GIT_DIR:-.git}
    [ -f "$git_dir/HEAD" ] || git_dir=$(git rev-parse --git-dir) || exit 0
    IFS= read -r head <"$git_dir/HEAD"
    # Where refs are in a table, the file says nothing.
    [ "$head" != "ref: refs/heads/.invalid" ] || head="ref: $(git symbolic-ref --quiet HEAD)"
    end=
    case $head in
    "ref: refs/heads/"*) end=" ${head#ref: refs/heads/}" ;;
    # `rebase --apply` tells that it is through before it goes back to its branch, whichever that is.
    *) [ "$hook" = post-rewrite ] && [ -d "$git_dir/rebase-apply" ] || exit 0 ;;
    esac
    keys='^(wild\.postmerge|wild-environment\..*\.branch)$'
    settings=$(
        [ ! -f .wildconfig ] || git config --file .wildconfig --get-regexp "$keys"
        git config --get-regexp "$keys"
    )
    wanted= mode=
    while IFS= read -r line; do
        case $line in
        "wild.postmerge "*) mode=${line#* } ;;
        "wild-environment."*"$end") wanted=yes ;;
        esac
    done <<END
$settings
END
    [ "$wanted" ] && [ "$mode" != off ] || exit 0
    ;;
prepare-commit-msg)
    # A message that is there already (-m, a merge, a template) needs no proposal.
    [ -z "${2-}" ] || exit 0
    ;;
esac

if ! command -v git-wild >/dev/null 2>&1; then
    case $hook in
    prepare-commit-msg | post-*)
        echo "git wild: git-wild is not on PATH, so its $hook hook did nothing" >&2
        exit 0
        ;;
    esac
    echo "git wild: git-wild is not on PATH, so $hook could not look for secrets and stops this" >&2
    echo "hint: put git-wild back on PATH; or, this once, without any hook: git -c core.hooksPath=/dev/null …" >&2
    exit 3
fi

if [ "$reads_stdin" ]; then
    printf %s "$input" | git-wild hooks run "$hook" "$@"
else
    exec git-wild hooks run "$hook" "$@"
fi
