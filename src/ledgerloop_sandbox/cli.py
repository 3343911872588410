"""Offer the sandbox as a command."""

import resource
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType
from typing import Annotated

import httpx2
import typer

from ledgerloop_sandbox import credentials
from ledgerloop_sandbox.server import SERVICE_URL, running

app = typer.Typer(add_completion=False)

_LOOK_AGAIN = 1.0
LARGEST = 1_000_000
"""Invoices that fit into the memory of a usual machine: some kilobytes each."""


@app.command()
def sandbox(
    xero_port: Annotated[int, typer.Option(help="Where the Xero half listens; 0 picks a free port.")] = 9101,
    hubspot_port: Annotated[int, typer.Option(help="Where the HubSpot half listens; 0 picks a free port.")] = 9102,
    seed: Annotated[int, typer.Option(help="Makes generated data and faults repeatable.")] = 1,
    time_scale: Annotated[float, typer.Option(help="How many of the sandbox's seconds pass in one of ours.")] = 1.0,
    latency: Annotated[float, typer.Option(help="Milliseconds that every call takes.")] = 0,
    data: Annotated[str, typer.Option(help="demo, empty, or large:N for N invoices and N/2 contacts.")] = "demo",
    service_url: Annotated[str, typer.Option(help="Where Ledgerloop listens.")] = SERVICE_URL,
) -> None:
    """Run both vendors' APIs on this machine, for trying and for proving."""
    if data not in ("demo", "empty") and not (data.startswith("large:") and data[6:].isdecimal()):
        raise typer.BadParameter(
            f"“{data}” is none of demo, empty and large:N, such as large:10000.", param_hint="--data"
        )
    if data.startswith("large:") and (len(data) > len(f"large:{LARGEST}") or int(data[6:]) > LARGEST):
        raise typer.BadParameter(
            f"no more than large:{LARGEST} can be held in memory; ask for fewer.", param_hint="--data"
        )
    stop = threading.Event()
    _on_a_signal(_leave)  # whoever asks while the data is being made need not wait for it
    began = time.perf_counter()
    with ExitStack() as stack:
        try:
            both = stack.enter_context(
                running(
                    xero_port,
                    hubspot_port,
                    seed=seed,
                    time_scale=time_scale,
                    latency_ms=latency,
                    data=data,
                    service_url=service_url,
                )
            )
        except OSError as error:
            typer.echo(f"Port {xero_port} or {hubspot_port} cannot be had ({error.strerror}). Name others.", err=True)
            raise typer.Exit(2) from None
        _on_a_signal(lambda *_: stop.set())
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        typer.echo(f"Xero      {both.xero_url}")
        typer.echo(f"          client id      {credentials.XERO_CLIENT_ID}")
        typer.echo(f"          client secret  {credentials.XERO_CLIENT_SECRET}")
        typer.echo(f"          custom         {credentials.XERO_CUSTOM_CLIENT_ID}")
        typer.echo(f"                         {credentials.XERO_CUSTOM_CLIENT_SECRET}")
        typer.echo(f"          webhook key    {credentials.XERO_WEBHOOK_KEY}")
        typer.echo(f"HubSpot   {both.hubspot_url}")
        typer.echo(f"          access token   {credentials.HUBSPOT_TOKEN}")
        typer.echo(f"          client secret  {credentials.HUBSPOT_CLIENT_SECRET}")
        typer.echo(f"Ledgerloop is expected at {service_url}")
        typer.echo(f"Loaded in {time.perf_counter() - began:.1f} s, {megabytes:.0f} MB. Stop with Ctrl+C.")
        _switch_on(both.xero_url, stop)
        stop.wait()


def _on_a_signal(do: Callable[[int, FrameType | None], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, do)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _switch_on(xero_url: str, stop: threading.Event) -> None:
    """Switch Xero's webhooks on as soon as Ledgerloop is there: the handshake fails until it answers."""
    while not stop.wait(_LOOK_AGAIN):
        answer = httpx2.post(f"{xero_url}/_sandbox/webhooks", json={"enabled": True}, timeout=30.0).json()
        if answer["enabled"]:
            typer.echo("Ledgerloop passed Xero's handshake: webhooks are on.")
            return


if __name__ == "__main__":
    app()
