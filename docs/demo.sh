#!/usr/bin/env bash
# The main job in a minute, without a cluster: `make demo`, or with git-wild on PATH: bash docs/demo.sh
# Everything happens in a new temporary directory; your own git configuration is neither read nor written.
set -euo pipefail

demo=$(mktemp -d "${TMPDIR:-/tmp}/git-wild-demo.XXXXXX")
export HOME="$demo" GIT_CONFIG_GLOBAL="$demo/gitconfig" GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
git config --global user.name "Ada Admin"
git config --global user.email ada@example.com
git config --global init.defaultBranch main
cd "$demo"

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

say() { printf '\n%s# %s%s\n' "$dim" "$*" "$plain"; }

# Show a command line and run it as the user would type it; it has to exit with 0, or the demo ends here.
run() {
	printf '%s$ %s%s\n' "$bold" "$1" "$plain"
	eval "$1"
}

# The same for a command whose answer is "no": exit code 1, and no other.
run_no() {
	local code=0
	run "$1" || code=$?
	[ "$code" = 1 ] || { echo "expected exit code 1, got $code" >&2; exit 1; }
}

say "An upstream with four packages: a git repository, as yours would be. So far it has made one release."
run "git wild sample upstream --release 1"

say "An empty directory becomes an instance: a git repository that follows the upstream."
run "git wild init my-cloud --upstream '$demo/upstream'"
run "cd my-cloud"
run "git wild config set cloud.domain cloud.example.com"
run "git wild apps"

say "Apps and what they require. Passwords are made, templates become plain manifests in apps/."
run "git wild add postgres"
run "git wild add redis"
run "git wild add miniflux --with db=postgres"
run "git wild add immich --with db=postgres"
run "git add --all && git commit --quiet --message 'feat(all): Add a database, feeds and photos'"
run "ls apps/miniflux"

say "Now make them your own. The manifests are yours: any editor, any change."
run "sed -i '/ limits:/i\\            # Reports run at night.' apps/postgres/deployment.yaml"
run "sed -i 's/memory: 1Gi/memory: 8Gi/' apps/postgres/deployment.yaml"
run "sed -i 's/replicas: 1/replicas: 2/' apps/immich/deployment.yaml"
run "sed -i 's/value: \"60\"/value: \"15\"/' apps/miniflux/deployment.yaml"
run "git wild config set apps.immich.storage 500Gi"
run "git wild compile"
run "git add --all && git commit --quiet --message 'scale(all): Give our apps what they need'"

say "Upstream makes its second release: probes, new images, and immich's deployment.yaml is now server.yaml."
run "git wild sample ../upstream --release 2"
run "git wild fetch"
run "git wild update"

say "Everything of upstream is in, and everything of yours is still there, also in the file that was renamed."
run "git wild diff immich --custom"
run "git wild diff postgres --custom"
run "git wild status"

say "The third release changes a value that you changed too."
run "git wild sample ../upstream --release 3"
run_no "git wild update"

say "An ordinary conflict of git: git status, git mergetool and git merge --abort all work."
run "git status --short apps/miniflux"
run "git diff"

say "Keep ours: delete the markers and upstream's line. The rest of the release is merged already."
run "sed -i -e '/^<<<<<<< /d' -e '/^=======\$/,/^>>>>>>> /d' apps/miniflux/deployment.yaml"
run "git add apps/miniflux/deployment.yaml"
run "git wild merge --continue"
run "git log --oneline --graph -8"
run "git log -1 --format=%b"

say "config.yaml followed: new images, and redis' time zone is gone as upstream dropped it. Your 500Gi stayed."
run "git diff HEAD^ --unified=0 config.yaml"
run "git wild config get apps.immich.storage"
run "git wild status"

say "What a deploy would apply. (There is no cluster here; without --offline, yours would be asked.)"
run "git wild deploy --all --dry-run --offline"

say "That was it. The instance is $demo/my-cloud; look around, then: rm -rf $demo"
