"""`git wild update` and `merge`: what is kept, what follows, and what git sees of it."""

from __future__ import annotations

import subprocess

import yaml

UPSTREAM_2 = {
    "web/manifest.yaml": (
        "name: web\ndescription: A web server.\nversion: 2.0.0\n"
        "defaultConfig:\n  image: nginx:1.27 # pinned\n  replicas: 2\n  host: web.{{ .cloud.domain }}\n"
        "  probePath: /ready\n"
        "requiredSecrets:\n  - apps.web.password\n  - apps.web.token\n"
    ),
    "web/deployment.yaml": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n"
        "  replicas: {{ .apps.web.replicas }}\n  selector:\n    matchLabels:\n      app: web\n"
        "  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      containers:\n"
        "        - name: web\n          image: {{ .apps.web.image }}\n          env:\n"
        "            - name: HOST\n              value: {{ .apps.web.host }}\n"
        "          readinessProbe:\n            httpGet:\n              path: {{ .apps.web.probePath }}\n"
        "              port: 80\n"
    ),
}


def merged(work) -> str:
    return work.read("apps/web/deployment.yaml")


def test_a_customisation_stays_and_upstreams_change_arrives(customised, publish) -> None:
    commit = publish(UPSTREAM_2)
    output = customised.wild("update")
    assert "1.0.0 → 2.0.0" in output
    assert "            # ours\n            - name: MODE\n              value: fast\n" in merged(customised)
    assert "path: /ready" in merged(customised)
    assert "image: nginx:1.27" in merged(customised), "a default that nobody customised follows upstream"
    assert yaml.safe_load(customised.read("config.yaml"))["apps"]["web"]["probePath"] == "/ready"
    assert customised.git("log", "--format=%P", "-1").split()[1] == commit
    assert customised.git("log", "--oneline", "HEAD..wild-directory/main") == ""
    assert customised.git("status", "--porcelain") == ""
    assert customised.wild("diff", "--upstream") == ""


def test_the_lock_and_package_follow_as_one(customised, publish) -> None:
    commit = publish(UPSTREAM_2)
    customised.wild("update")
    lock = yaml.safe_load(customised.read("apps/web/.package.lock.yaml"))
    assert lock["upstream"]["commit"] == commit
    assert customised.git("rev-parse", "HEAD:apps/web/.package").strip() == lock["upstream"]["tree"]
    assert lock["values"]["apps"]["web"]["probePath"] == "/ready"


def test_merging_again_is_a_no_op(customised, publish) -> None:
    publish(UPSTREAM_2)
    customised.wild("update")
    head = customised.git("rev-parse", "HEAD")
    assert "Already up to date" in customised.wild("update")
    assert customised.git("rev-parse", "HEAD") == head


def test_a_new_secret_is_made_and_an_old_one_stays(customised, publish) -> None:
    before = yaml.safe_load(customised.read("secrets.yaml"))["apps"]["web"]
    publish(UPSTREAM_2)
    output = customised.wild("update")
    after = yaml.safe_load(customised.read("secrets.yaml"))["apps"]["web"]
    assert after["password"] == before["password"]
    assert len(after["token"]) == 32
    assert after["token"] not in output


def test_edits_between_two_updates_are_kept(customised, publish) -> None:
    publish(UPSTREAM_2)
    customised.wild("update")
    customised.edit("apps/web/deployment.yaml", "value: fast", "value: slow")
    customised.commit("config(web): slow")
    third = {
        path: text.replace("/ready", "/healthz").replace("2.0.0", "2.1.0")
        for path, text in UPSTREAM_2.items()
    }
    publish(third)
    customised.wild("update")
    assert "value: slow" in merged(customised)
    assert "path: /healthz" in merged(customised)


def test_the_base_is_found_after_a_squash_and_a_rebase(customised, publish) -> None:
    root = customised.git("rev-list", "--max-parents=0", "HEAD").split()[0]
    customised.git("reset", "-q", "--soft", root)
    customised.git("commit", "-q", "-m", "config(all): squashed")
    publish(UPSTREAM_2)
    customised.wild("update")
    assert "value: fast" in merged(customised)
    assert "path: /ready" in merged(customised)


def test_an_update_of_one_app_has_one_parent(customised, publish) -> None:
    from_web = {
        path.replace("web/", "api/", 1): text.replace("web", "api") for path, text in UPSTREAM_2.items()
    }
    kustomization = customised.read("apps/web/.package/kustomization.yaml").replace("web", "api")
    publish({**from_web, "api/kustomization.yaml": kustomization})
    customised.wild("fetch")
    customised.wild("add", "api")
    customised.commit()
    publish({**UPSTREAM_2, "api/README.md": "changed\n"})
    customised.wild("update", "web")
    assert len(customised.git("log", "--format=%P", "-1").split()) == 1
    assert not (customised.root / "apps/api/README.md").exists()
    assert "api" in customised.wild("merge", "--dry-run")
    customised.wild("merge")
    assert len(customised.git("log", "--format=%P", "-1").split()) == 2
    assert (customised.root / "apps/api/README.md").exists()


def test_squash_makes_one_parent(customised, publish) -> None:
    customised.git("config", "wild.mergeCommit", "squash")
    publish(UPSTREAM_2)
    customised.wild("update")
    assert len(customised.git("log", "--format=%P", "-1").split()) == 1


def test_the_message_names_versions_and_what_was_kept(customised, publish) -> None:
    commit = publish(UPSTREAM_2)
    customised.wild("update")
    message = customised.git("log", "--format=%B", "-1")
    assert "web 1.0.0 → 2.0.0" in message
    assert "kept your changes in deployment.yaml" in message
    assert f"Wild-Upstream: {commit}" in message
    assert "Wild-App: web " in message
    trailers = customised.git("log", "--format=%(trailers:key=Wild-Upstream,valueonly)", "-1")
    assert trailers.strip() == commit


def test_a_dry_run_writes_nothing(customised, publish) -> None:
    publish(UPSTREAM_2)
    customised.wild("fetch")
    before = customised.snapshot()
    assert "would merge cleanly" in customised.wild("merge", "--dry-run")
    assert customised.snapshot() == before


def test_uncommitted_changes_are_not_overwritten(customised, publish) -> None:
    publish(UPSTREAM_2)
    customised.edit("apps/web/deployment.yaml", "value: fast", "value: unsaved")
    before = customised.snapshot()
    output = customised.wild("update", code=3)
    assert "apps/web/deployment.yaml" in output
    assert customised.snapshot() == before


def test_other_uncommitted_files_are_left_alone(customised, publish) -> None:
    publish(UPSTREAM_2)
    (customised.root / "notes.txt").write_text("mine")
    customised.wild("update")
    assert customised.git("status", "--porcelain") == "?? notes.txt\n"


def test_staged_changes_stop_it(customised, publish) -> None:
    publish(UPSTREAM_2)
    (customised.root / "notes.txt").write_text("mine")
    customised.git("add", "notes.txt")
    before = customised.snapshot()
    customised.wild("update", code=3)
    assert customised.snapshot() == before


def test_an_ignored_file_in_the_way_is_not_overwritten(customised, publish) -> None:
    (customised.root / "apps/web/trace.log").write_text("mine")
    publish({**UPSTREAM_2, "web/trace.log": "theirs\n"})
    before = customised.snapshot()
    customised.wild("update", code=3)
    assert customised.snapshot() == before


def test_a_template_rewrite_that_renders_the_same_is_no_change(customised, publish) -> None:
    before = merged(customised)
    package = {
        path: (customised.root / "apps/web/.package" / path.removeprefix("web/")).read_text()
        for path in ("web/deployment.yaml", "web/manifest.yaml")
    }
    publish(
        {"web/deployment.yaml": package["web/deployment.yaml"].replace(".apps.web.", ".config.apps.web.")}
    )
    assert customised.wild("update").count("CONFLICT") == 0
    assert merged(customised) == before


def test_a_customised_config_value_stays_and_says_so(customised, publish) -> None:
    customised.wild("config", "set", "apps.web.image", "nginx:1.25-alpine")
    customised.wild("compile", "web")
    customised.commit()
    publish(UPSTREAM_2)
    output = customised.wild("update")
    assert "kept ours in config.yaml: apps.web.image: nginx:1.25-alpine, upstream has nginx:1.27" in output
    assert "image: nginx:1.25-alpine" in merged(customised)
    assert "  kept your apps.web.image\n" in customised.git("log", "-1", "--format=%B")
    values = yaml.safe_load(customised.read("config.yaml"))["apps"]["web"]
    assert (values["image"], values["probePath"]) == ("nginx:1.25-alpine", "/ready")
    assert customised.wild("update") == "Already up to date.\n"
    customised.git("reset", "-q", "--hard", "HEAD^")
    customised.wild("merge", "-X", "theirs")
    assert yaml.safe_load(customised.read("config.yaml"))["apps"]["web"]["image"] == "nginx:1.27"


def test_a_customised_config_field_that_upstream_removed_is_a_conflict(customised, publish) -> None:
    customised.wild("config", "set", "apps.web.replicas", "5")
    customised.commit()
    removed = {path: text.replace("  replicas: 2\n", "  copies: 2\n") for path, text in UPSTREAM_2.items()}
    removed["web/deployment.yaml"] = removed["web/deployment.yaml"].replace(".replicas", ".copies")
    publish(removed)
    output = customised.wild("update", code=1)
    assert "config.yaml" in output
    assert "replicas" in output
    assert "<<<<<<<" in customised.read("config.yaml")
    assert {line.split()[2] for line in customised.git("ls-files", "-u").splitlines()} == {"1", "2", "3"}
    customised.git("checkout", "--theirs", "--", "config.yaml")
    theirs = yaml.safe_load(customised.read("config.yaml"))
    assert theirs["cloud"] == {"domain": "example.org"}, "a stage is a whole file"
    assert "replicas" not in theirs["apps"]["web"]
    customised.git("checkout", "--merge", "--", "config.yaml")
    assert "<<<<<<<" in customised.read("config.yaml")
    base = yaml.safe_load(customised.git("show", ":1:config.yaml"))
    assert base["apps"]["web"]["replicas"] == 2


def test_an_uncustomised_config_field_that_upstream_removed_goes(customised, publish) -> None:
    removed = {path: text.replace("  replicas: 2\n", "") for path, text in UPSTREAM_2.items()}
    removed["web/deployment.yaml"] = removed["web/deployment.yaml"].replace("{{ .apps.web.replicas }}", "1")
    publish(removed)
    customised.wild("update")
    assert "replicas" not in customised.read("config.yaml")
    assert "replicas: 1" in merged(customised)


def test_preserve_keeps_every_value_that_is_there(customised, publish) -> None:
    customised.git("config", "wild.configMerge", "preserve")
    publish(UPSTREAM_2)
    customised.wild("update")
    values = yaml.safe_load(customised.read("config.yaml"))["apps"]["web"]
    assert values["image"] == "nginx:1.25"
    assert values["probePath"] == "/ready"


def test_a_renamed_file_takes_its_customisations_along(customised, publish, git_repo) -> None:
    git_repo.run("git mv web/deployment.yaml web/server.yaml")
    kustomization = (customised.root / "apps/web/.package/kustomization.yaml").read_text()
    publish(
        {
            "web/server.yaml": UPSTREAM_2["web/deployment.yaml"],
            "web/manifest.yaml": UPSTREAM_2["web/manifest.yaml"],
            "web/kustomization.yaml": kustomization.replace("deployment.yaml", "server.yaml"),
        }
    )
    assert "kept your changes in server.yaml" in customised.wild("update")
    assert not (customised.root / "apps/web/deployment.yaml").exists()
    assert "value: fast" in customised.read("apps/web/server.yaml")
    assert "path: /ready" in customised.read("apps/web/server.yaml")


def test_a_package_that_is_gone_upstream_stays_and_is_said(customised, git_repo, publish) -> None:
    git_repo.run("git rm -q -r web")
    publish({"README.md": "nothing here\n"})
    assert "gone from upstream" in customised.wild("update")
    assert "value: fast" in merged(customised)


def test_a_new_requirement_that_is_not_installed_stops_it(customised, publish) -> None:
    asked = UPSTREAM_2["web/manifest.yaml"] + "requires:\n  - name: cache\n"
    publish({**UPSTREAM_2, "web/manifest.yaml": asked})
    before = customised.snapshot()
    assert "git wild add cache" in customised.wild("update", code=3)
    assert customised.snapshot() == before


def test_explain_shows_field_values_and_rule(customised, publish) -> None:
    publish(UPSTREAM_2)
    customised.wild("fetch")
    output = customised.wild("merge", "--explain")
    assert "[name=MODE]" in output, "what only we changed is told as well"
    assert "config.yaml: cloud" not in output, "what upstream has no say in is not"
    assert "nginx:1.25" in output
    assert "nginx:1.27" in output


def test_no_identity_is_said_before_anything_is_written(customised, publish, monkeypatch) -> None:
    publish(UPSTREAM_2)
    customised.wild("fetch")
    before = customised.snapshot()
    customised.git("config", "--global", "--remove-section", "user")
    customised.git("config", "--global", "user.useConfigOnly", "true")
    customised.wild("merge", code=3)
    assert customised.snapshot() == before


def test_hooks_of_the_repository_run_and_can_refuse(customised, publish) -> None:
    hook = customised.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho no to everything >&2\nexit 1\n")
    hook.chmod(0o755)
    publish(UPSTREAM_2)
    before = customised.snapshot()
    assert "no to everything" in customised.wild("update", code=3)
    assert customised.git("status").count("still merging") or (customised.root / ".git/MERGE_HEAD").exists()
    customised.wild("merge", "--abort")
    after = customised.snapshot()
    for snapshot in (before, after):
        snapshot["files"].pop("secrets.yaml")  # a secret that was made stays, and serves the next try
    assert after == before


def test_json_reports_for_scripts(customised, publish) -> None:
    import json

    publish(UPSTREAM_2)
    done = subprocess.run(
        ["git", "wild", "update", "--json"], cwd=customised.root, capture_output=True, text=True, check=True
    )
    report = json.loads(done.stdout)
    assert report["apps"][0]["name"] == "web"
    assert report["conflicts"] == []
    assert report["secrets"] == ["apps.web.token"]
    assert report["commit"]


def test_an_edit_that_git_does_not_look_at_is_not_overwritten(customised, publish) -> None:
    publish(UPSTREAM_2)
    for flag in ("--skip-worktree", "--assume-unchanged"):
        customised.git("update-index", flag, "apps/web/deployment.yaml")
        customised.edit("apps/web/deployment.yaml", "value: fast", "value: unseen")
        assert "apps/web/deployment.yaml" in customised.wild("update", code=3)
        assert "value: unseen" in merged(customised)
        customised.git("update-index", flag.replace("--", "--no-", 1), "apps/web/deployment.yaml")
        customised.git("checkout", "-q", "--", "apps/web/deployment.yaml")


def test_favouring_theirs_takes_conflicts_and_no_key_of_ours_beside_them(customised, publish) -> None:
    for key, value in (("tier", "gold"), ("replicas", "5"), ("limit", "10")):
        customised.wild("config", "set", f"apps.web.{key}", value)
    customised.commit()
    removed = {path: text.replace("  replicas: 2\n", "") for path, text in UPSTREAM_2.items()}
    removed["web/deployment.yaml"] = removed["web/deployment.yaml"].replace("{{ .apps.web.replicas }}", "1")
    publish(removed)
    customised.wild("update", code=1)
    customised.wild("merge", "--abort")
    customised.wild("merge", "-X", "theirs")
    values = yaml.safe_load(customised.read("config.yaml"))
    assert "replicas" not in values["apps"]["web"]
    assert (values["apps"]["web"]["tier"], values["apps"]["web"]["limit"]) == ("gold", 10)
    assert values["cloud"] == {"domain": "example.org"}


def test_a_section_that_is_null_is_an_empty_one(customised, publish) -> None:
    text = customised.read("config.yaml")
    (customised.root / "config.yaml").write_text(text[: text.index("  web:")] + "  web:\n")
    customised.commit()
    publish(UPSTREAM_2)
    customised.wild("update")
    assert yaml.safe_load(customised.read("config.yaml"))["apps"]["web"]["probePath"] == "/ready"


def test_preserve_leaves_lists_alone(customised, publish) -> None:
    customised.git("config", "wild.configMerge", "preserve")
    customised.wild("config", "set", "apps.web.plugins", "[a]")
    customised.commit()
    listed = UPSTREAM_2["web/manifest.yaml"].replace("  probePath", "  plugins: [a, telemetry]\n  probePath")
    publish({**UPSTREAM_2, "web/manifest.yaml": listed})
    customised.wild("update")
    assert yaml.safe_load(customised.read("config.yaml"))["apps"]["web"]["plugins"] == ["a"]


def test_a_committed_link_is_not_written_over(customised, publish) -> None:
    (customised.root / "apps/web/extra.yaml").symlink_to("../../config.yaml")
    customised.commit()
    publish({**UPSTREAM_2, "web/extra.yaml": "a: 1\n"})
    before = customised.snapshot()
    assert "apps/web/extra.yaml is a link" in customised.wild("update", code=3)
    assert customised.snapshot() == before


def test_a_file_where_upstream_has_a_folder_stops_it_before_anything_is_written(customised, publish) -> None:
    (customised.root / "apps/web/conf").write_text("mine\n")
    customised.commit()
    publish({**UPSTREAM_2, "web/conf/a.txt": "theirs\n"})
    before = customised.snapshot()
    assert "apps/web/conf is no folder" in customised.wild("update", code=3)
    assert customised.snapshot() == before


def test_a_mode_is_merged_like_everything_else(customised, publish, git_repo) -> None:
    publish({"web/run.sh": "#!/bin/sh\n", "web/own.sh": "#!/bin/sh\n"})
    customised.wild("update")
    (customised.root / "apps/web/own.sh").chmod(0o755)
    customised.commit()
    git_repo.run("chmod +x web/run.sh && git mv web/own.sh web/start.sh")
    publish(UPSTREAM_2)
    customised.wild("update")
    modes = {line.split()[3]: line[:6] for line in customised.git("ls-files", "-s", "apps/web").splitlines()}
    assert modes["apps/web/run.sh"] == "100755"
    assert modes["apps/web/start.sh"] == "100755", "ours made it executable, upstream gave it another name"
    assert "apps/web/own.sh" not in modes


def test_a_requirement_that_upstream_drops_is_no_conflict(customised, publish) -> None:
    asking = UPSTREAM_2["web/manifest.yaml"] + "requires:\n  - name: cache\n"
    publish(
        {"cache/manifest.yaml": "name: cache\nversion: 1.0.0\n", **UPSTREAM_2, "web/manifest.yaml": asking}
    )
    customised.wild("fetch")
    customised.wild("add", "cache")
    customised.commit()
    customised.wild("update")
    assert "    installedAs: cache\n" in customised.read("apps/web/manifest.yaml")
    publish(UPSTREAM_2)
    customised.wild("update")
    assert "cache" not in customised.read("apps/web/manifest.yaml")
