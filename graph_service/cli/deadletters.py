"""`graph-service dead-letters`: records that could not be applied, and what an operator does about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graph_service.cli import flags

dead_letters_app = typer.Typer(
    no_args_is_help=True,
    help="""See the records that could not be applied, and replay or discard them.

    A record that is no usable event, or that the mapping fails on, never stops the others: it becomes a dead letter, with the reason, and
    the graph goes on without it. Once the cause is mended, most often in the mapping, **replay** puts what it says at its true place
    in time, as if it had been understood from the start.""",
)

_WHICH = "Which ones"
Reason = Annotated[
    str | None,
    typer.Option("--reason", help="Only of this reason, such as mapping-failed.", rich_help_panel=_WHICH),
]
Topic = Annotated[
    str | None, typer.Option("--topic", help="Only records of this topic.", rich_help_panel=_WHICH)
]
EventType = Annotated[
    str | None,
    typer.Option("--type", help="Only events of this CloudEvents type.", rich_help_panel=_WHICH),
]
Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="As in the list: topic/partition/offset.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]
By = Annotated[
    str | None,
    typer.Option("--by", help="Who does it, for the record. [default: your user name]", show_default=False),
]


@dead_letters_app.command("list")
def list_letters(
    reason: Reason = None,
    topic: Topic = None,
    type: EventType = None,
    state: Annotated[
        str,
        typer.Option("--state", help="waiting, replayed, discarded or all of them.", rich_help_panel=_WHICH),
    ] = "waiting",
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Not the newest first.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Rows at most.")] = 50,
    after: Annotated[
        str | None, typer.Option("--after", metavar="ID", help="Go on behind this one, the last of a page.")
    ] = None,
    json: Json = False,
    config: flags.Config = None,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
) -> None:
    """List dead letters, newest first, with the reason of each."""
    from graph_service.cli import operator
    from graph_service.settings import load_settings

    settings = load_settings(
        config, data=data, neo4j_uri=neo4j_uri, neo4j_user=neo4j_user, neo4j_password_file=neo4j_password_file
    )
    operator.list_letters(
        settings,
        operator.wanted(reason, topic, type, state),
        oldest_first=oldest_first,
        limit=limit,
        after=after,
        as_json=json,
    )


@dead_letters_app.command()
def show(
    id: Annotated[
        str, typer.Argument(metavar="ID", help="As in the list: topic/partition/offset.", show_default=False)
    ],
    json: Json = False,
    config: flags.Config = None,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
) -> None:
    """Show all that is kept of one: why it failed, where it is in Kafka, its key, headers and value."""
    from graph_service.cli import operator
    from graph_service.settings import load_settings

    settings = load_settings(
        config, data=data, neo4j_uri=neo4j_uri, neo4j_user=neo4j_user, neo4j_password_file=neo4j_password_file
    )
    operator.show_letter(settings, id, as_json=json)


@dead_letters_app.command()
def replay(
    ids: Ids = None,
    reason: Reason = None,
    topic: Topic = None,
    type: EventType = None,
    every: Annotated[
        bool, typer.Option("--all", help="All that wait, whatever the reason.", rich_help_panel=_WHICH)
    ] = False,
    mapping: Annotated[
        list[Path] | None,
        typer.Option(
            "--mapping",
            help="Mapping file; may be repeated. Without any, configured or given: those of the ingester that started last.",
            show_default=False,
        ),
    ] = None,
    by: By = None,
    json: Json = False,
    config: flags.Config = None,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
) -> None:
    """Try dead letters again, under the mapping as it is now.

    What they say takes its place in time where the log has it, on both clocks: answers about the past, also final ones, become as if the
    mapping had always been so. What fails again waits on. Replaying twice does no harm, and neither does Ctrl-C.

    Exit code 0: all that were reached are in the graph; 1: some are not, each with the reason.

    Example: graph-service dead-letters replay --reason mapping-failed --mapping shop.yaml
    """
    from graph_service.cli import operator
    from graph_service.settings import load_settings

    settings = load_settings(
        config,
        data=data,
        neo4j_uri=neo4j_uri,
        neo4j_user=neo4j_user,
        neo4j_password_file=neo4j_password_file,
        mapping=flags.repeated(mapping),
    )
    which = operator.selected(ids or (), reason, topic, type, every)
    operator.replay_letters(settings, which, by=operator.user(by), as_json=json)


@dead_letters_app.command()
def discard(
    ids: Annotated[
        list[str],
        typer.Argument(metavar="ID", help="As in the list: topic/partition/offset.", show_default=False),
    ],
    note: Annotated[str, typer.Option("--note", help="Why, for those who ask later.", show_default=False)],
    by: By = None,
    json: Json = False,
    config: flags.Config = None,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
) -> None:
    """Decide that dead letters are not to be replayed. They are kept, with the note, and counted apart.

    Exit code 1: some of them had been replayed or discarded before. A discarded one can still be replayed by its id.
    """
    from graph_service.cli import operator
    from graph_service.settings import load_settings

    settings = load_settings(
        config, data=data, neo4j_uri=neo4j_uri, neo4j_user=neo4j_user, neo4j_password_file=neo4j_password_file
    )
    operator.discard_letters(settings, ids, note=note, by=operator.user(by), as_json=json)
