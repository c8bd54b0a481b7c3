"""Where the plans of a dry run go: to the terminal one by one, or all of them into a Markdown summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from wildgit.adapters import terminal
from wildgit.adapters.cluster.api_server import is_about_the_server
from wildgit.adapters.cluster.deploy_news import say_plan
from wildgit.core.cluster.deploy_plan import Plan
from wildgit.core.cluster.plan_summary import plan_summary
from wildgit.errors import ClusterError, WildgitError


@dataclass
class PlanOutput:
    """Takes plans as they are made.

    Attributes:
        summary: the file for the summary; `-` for stdout, in place of the plans; None for none.
        as_json: print each plan as a JSON document.
    """

    summary: str | None
    as_json: bool
    _plans: list[Plan] = field(default_factory=list)
    _refusals: dict[str, str] = field(default_factory=dict)
    _first_refusal: WildgitError | None = None

    def show(self, plan: Plan) -> None:
        """Take one plan, and print it unless stdout is for the summary."""
        self._plans.append(plan)
        if self.summary != "-":
            say_plan(plan, as_json=self.as_json)

    @contextmanager
    def planning(self, app: str) -> Iterator[None]:
        """Keep why an app can't be planned, so that the others still are; `raise_refusal` raises it."""
        try:
            yield
        except WildgitError as error:
            self._refusals[app] = error.message
            if is_about_the_server(error):
                raise
            self._first_refusal = self._first_refusal or error

    def write_summary(self, title: str, gone: Sequence[str] = ()) -> None:
        """Write the summary, if one is asked for.

        Args:
            title: in Markdown.
            gone: the apps that are no more in git.
        """
        if self.summary is not None:
            text = plan_summary(self._plans, title=title, refusals=self._refusals, gone=gone)
            terminal.say_to_file(self.summary, text)

    def raise_refusal(self) -> None:
        """Raise the error of the app that could not be planned; where there are several, say each before."""
        if len(self._refusals) > 1:
            for app, message in self._refusals.items():
                terminal.warn(f"{app}: {message}")
            raise ClusterError(f"{len(self._refusals)} apps can't be deployed: {', '.join(self._refusals)}")
        if self._first_refusal is not None:
            raise self._first_refusal

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plans so far."""
        return tuple(self._plans)
