"""The commands, their words for people, and their flags; what they do is in the modules beside this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from graph_service import __version__
from graph_service.cli import flags
from graph_service.cli.apikeys import register as register_api_keys
from graph_service.cli.deadletters import dead_letters_app
from graph_service.cli.errors import Commands
from graph_service.cli.impact import register as register_impact
from graph_service.cli.ledger import register as register_ledger
from graph_service.cli.loop import run_served
from graph_service.cli.mapping import mapping_app

app = typer.Typer(
    cls=Commands,
    name="graph-service",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="""A knowledge graph that remembers: events from Kafka in, a graph on two clocks in Neo4j, answers over GraphQL.

    To see it work: **graph-service demo**. For your own events: **graph-service up**, then
    **publish**. Settings come from flags, variables GRAPH_SERVICE_…, or graph-service.toml: see
    **graph-service settings**.

    Exit codes: 0 all is well, 1 the answer is no, 2 wrong input or settings, 3 Neo4j or Kafka does not answer,
    4 a local engine does not start, 130 Ctrl-C.""",
)
app.add_typer(mapping_app, name="mapping")
app.add_typer(dead_letters_app, name="dead-letters")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"graph-service {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def _settings(config: Path | None, **given: Any) -> Any:
    """Settings with these flags; logs as they say."""
    from graph_service.cli.logs import set_up_logs
    from graph_service.settings import load_settings

    found = load_settings(config, **given)
    set_up_logs(found.log_format, found.log_level)
    return found


@app.command()
def demo(
    data: Annotated[Path, typer.Option("--data", help="Folder that keeps the demo's state.")] = Path(
        ".data/demo"
    ),
    port: Annotated[
        int, typer.Option("--port", help="Port of the API; another one is taken if it is used.")
    ] = 8080,
    once: Annotated[
        bool, typer.Option("--once", help="Exit after the answers: with 0, or with 1 if one is wrong.")
    ] = False,
) -> None:
    """See it work: real Neo4j and Kafka, 18 months of a made-up company, five questions with answers.

    Downloads the engines once (about 220 MB), starts them as child processes, publishes the story to Kafka, waits until it is in the
    graph, asks five questions over GraphQL, and stays up for you to look around until Ctrl-C. Needs no container and no Java.
    """
    from graph_service.cli.demo import run_demo

    raise typer.Exit(run_demo(data, port, once=once))


@app.command()
def up(
    config: flags.Config = None,
    mapping: flags.MappingFiles = None,
    topic: flags.Topics = None,
    data: flags.Data = None,
    host: flags.Host = None,
    port: flags.Port = None,
    insecure: flags.Insecure = None,
    api_keys_file: flags.ApiKeysFile = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
    kafka: flags.KafkaBootstrap = None,
    group_id: flags.GroupId = None,
    batch_events_max: flags.BatchEventsMax = None,
    batch_wait_ms: flags.BatchWaitMs = None,
) -> None:
    """Run all of it: Neo4j, Kafka, ingester and API, until Ctrl-C.

    Neo4j and Kafka are started here as child processes, with their data in --data, unless their addresses are set. Topics are created
    where they are missing.

    Example: graph-service up --mapping shop.yaml --topic shop.events
    """
    from graph_service.cli.commands import run_up

    settings = _settings(
        config,
        mapping=flags.repeated(mapping),
        topics=flags.repeated(topic),
        data=data,
        host=host,
        port=port,
        insecure=insecure,
        api_keys_file=api_keys_file,
        neo4j_uri=neo4j_uri,
        neo4j_user=neo4j_user,
        neo4j_password_file=neo4j_password_file,
        kafka_bootstrap=kafka,
        group_id=group_id,
        batch_events_max=batch_events_max,
        batch_wait_ms=batch_wait_ms,
    )
    run_up(settings)


@app.command()
def ingest(
    config: flags.Config = None,
    mapping: flags.MappingFiles = None,
    topic: flags.Topics = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
    kafka: flags.KafkaBootstrap = None,
    group_id: flags.GroupId = None,
    batch_events_max: flags.BatchEventsMax = None,
    batch_wait_ms: flags.BatchWaitMs = None,
) -> None:
    """Bring events from Kafka into the graph, until Ctrl-C.

    Goes on where it was; what it cannot use goes to the dead-letter topic. Logs its rate every 5 seconds while something moves.
    """
    from graph_service.cli.running import run

    settings = _settings(
        config,
        mapping=flags.repeated(mapping),
        topics=flags.repeated(topic),
        neo4j_uri=neo4j_uri,
        neo4j_user=neo4j_user,
        neo4j_password_file=neo4j_password_file,
        kafka_bootstrap=kafka,
        group_id=group_id,
        batch_events_max=batch_events_max,
        batch_wait_ms=batch_wait_ms,
    )
    settings.need("mapping", "topics", "kafka_bootstrap", "neo4j_uri", "neo4j_password")
    run_served(run(settings, ingest=True, api=False))


@app.command()
def serve(
    config: flags.Config = None,
    host: flags.Host = None,
    port: flags.Port = None,
    insecure: flags.Insecure = None,
    api_keys_file: flags.ApiKeysFile = None,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
) -> None:
    """Answer questions over GraphQL, until Ctrl-C. Needs to know who is let in: API keys, tokens of an issuer, or --insecure."""
    from graph_service.cli.exposing import need_access
    from graph_service.cli.places import need_neo4j
    from graph_service.cli.running import run

    settings = _settings(
        config,
        host=host,
        port=port,
        insecure=insecure,
        api_keys_file=api_keys_file,
        data=data,
        neo4j_uri=neo4j_uri,
        neo4j_user=neo4j_user,
        neo4j_password_file=neo4j_password_file,
    )
    run_served(run(need_access(need_neo4j(settings)), ingest=False, api=True))


@app.command()
def publish(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="CloudEvents as JSON lines, plain or gzip.", show_default=False),
    ],
    topic: Annotated[str, typer.Option("--topic", help="Topic to publish to.", show_default=False)],
    config: flags.Config = None,
    data: flags.Data = None,
    kafka: flags.KafkaBootstrap = None,
    skip_bad: Annotated[
        bool,
        typer.Option(
            "--skip-bad", help="Leave out lines that are no CloudEvent, and name them, instead of stopping."
        ),
    ] = False,
    timestamps: Annotated[
        str,
        typer.Option(
            "--timestamps",
            help="now, or recordedtime: the attribute of the event becomes the timestamp of the record (the topic must use CreateTime).",
        ),
    ] = "now",
    create: Annotated[
        int | None,
        typer.Option(
            "--create",
            metavar="PARTITIONS",
            help="Create the topic with so many partitions if it is missing.",
        ),
    ] = None,
) -> None:
    """Publish events from files to a Kafka topic.

    Every line is checked before anything is sent. Events of one entity stay in order: the key of a record is the event's partitionkey,
    else its subject. Publishing the same file again is safe: events that the graph knows are counted only.
    """
    from graph_service.cli.commands import run_publish

    settings = _settings(config, data=data, kafka_bootstrap=kafka)
    run_publish(settings, files, topic, skip_bad=skip_bad, timestamps=timestamps, create=create)


@app.command()
def digest(
    config: flags.Config = None,
    valid: Annotated[
        bool,
        typer.Option(
            "--valid",
            help="Only what is believed now, without where it came from: equal for other orders of the same events.",
        ),
    ] = False,
    streams: Annotated[
        bool, typer.Option("--streams", help="Print the digest of every stream too, in order of their keys.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="URI",
            help="Compare with the graph in this Neo4j; exit code 1 if they differ.",
        ),
    ] = None,
    against_user: flags.OtherUser = None,
    against_password_file: flags.OtherPasswordFile = None,
    first: flags.First = 10,
    as_json: flags.Json = False,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
) -> None:
    """Print one hash over the whole graph. Two graphs made from the same log have the same one.

    With --against it says which streams (an entity's state, or its relationships of one type) and which events tell two graphs apart.
    """
    from graph_service.cli.digest import run_compare, run_digest
    from graph_service.cli.places import need_neo4j, other_neo4j

    found = need_neo4j(
        _settings(
            config,
            data=data,
            neo4j_uri=neo4j_uri,
            neo4j_user=neo4j_user,
            neo4j_password_file=neo4j_password_file,
        )
    )
    if against is None:
        run_digest(found, valid=valid, streams=streams, as_json=as_json)
    else:
        other = other_neo4j(found, against, against_user, against_password_file)
        run_compare(found, other, valid=valid, first=first, as_json=as_json)


@app.command()
def rebuild(
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="URI", help="Address of another Neo4j, which is empty.", show_default=False
        ),
    ],
    to_user: flags.OtherUser = None,
    to_password_file: flags.OtherPasswordFile = None,
    go_on: Annotated[
        bool, typer.Option("--continue", help="Go on with a rebuild that was interrupted.")
    ] = False,
    first: flags.First = 10,
    as_json: flags.Json = False,
    config: flags.Config = None,
    mapping: flags.MappingFiles = None,
    topic: flags.Topics = None,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
    kafka: flags.KafkaBootstrap = None,
    batch_events_max: flags.BatchEventsMax = None,
) -> None:
    """Read the log once more into another Neo4j, and say what that graph believes otherwise than the live one.

    Under the mapping in use it proves that the graph is what the log says; under another --mapping it shows, before anything is
    changed, which facts are gained, lost, moved in time or changed. The live graph is only read. Exit code 1 when the graphs differ.
    """
    from graph_service.cli.places import need_neo4j, other_neo4j
    from graph_service.cli.rebuild import run_rebuild

    settings = _settings(
        config,
        mapping=flags.repeated(mapping),
        topics=flags.repeated(topic),
        data=data,
        neo4j_uri=neo4j_uri,
        neo4j_user=neo4j_user,
        neo4j_password_file=neo4j_password_file,
        kafka_bootstrap=kafka,
        batch_events_max=batch_events_max,
    )
    found = need_neo4j(settings)
    run_rebuild(
        found, other_neo4j(found, to, to_user, to_password_file), go_on=go_on, first=first, as_json=as_json
    )


@app.command()
def status(
    config: flags.Config = None,
    data: flags.Data = None,
    neo4j_uri: flags.Neo4jUri = None,
    neo4j_user: flags.Neo4jUser = None,
    neo4j_password_file: flags.Neo4jPasswordFile = None,
) -> None:
    """Print how far the graph is, as JSON: counts, watermark, and the position of each partition."""
    from graph_service.cli.commands import run_status

    settings = _settings(
        config, data=data, neo4j_uri=neo4j_uri, neo4j_user=neo4j_user, neo4j_password_file=neo4j_password_file
    )
    run_status(settings)


@app.command()
def settings(config: flags.Config = None) -> None:
    """Print all settings as they are now, secrets masked, with the variable that sets each one."""
    from graph_service.cli.commands import show_settings

    show_settings(_settings(config))


register_impact(app)
register_api_keys(app)
register_ledger(app)
