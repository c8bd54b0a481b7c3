# The apps of this instance.
__git_wild_apps ()
{
	command ls "$(git rev-parse --show-toplevel 2>/dev/null)/apps" 2>/dev/null
}

# The environments of the settings.
__git_wild_environments ()
{
	local top
	top="$(git rev-parse --show-toplevel 2>/dev/null)"
	{
		git config --name-only --get-regexp '^wild-environment\.'
		git config --file "$top/.wildconfig" --name-only --get-regexp '^wild-environment\.'
	} 2>/dev/null | sed -e 's/^[^.]*\.//' -e 's/\.[^.]*$//' | sort -u
}

# The packages that upstream had when it was fetched last.
__git_wild_packages ()
{
	local branch folder
	branch="$(git config wild.branch || echo main)"
	folder="$(git config wild.packagesPath || echo apps)"
	git ls-tree -r --name-only "refs/remotes/wild-directory/$branch" 2>/dev/null |
		sed -n -e "s,^$folder/\([^/]*\)/manifest\.yaml\$,\1,p" -e 's,^\([^/]*\)/manifest\.yaml$,\1,p'
}
