"""Tells people that something needs them: by webhook, e-mail or chat, whatever MUTAKHIR_ALERTS names (apprise URLs).

Sends words that others wrote, and no value of a person is among them; when they are sent stands in hooks.py and
automation.py. The addresses hold secrets and are in no message. Never raises: an alert that fails is no failed run.
"""

import logging

from orchestration.settings import Settings

_AT_MOST = 4000
"""Characters of a message; chat services take no more."""


def send(settings: Settings, title: str, text: str) -> str | None:
    """Send to every address. What went wrong, else None; also where no address is set, and nothing is sent."""
    addresses = alert_addresses(settings)
    if not addresses:
        return None
    try:
        return _sent(addresses, f"Mutakhir: {title}", text)
    except Exception as error:  # of whatever service: its words may hold the address
        return f"the alert could not be sent ({type(error).__name__}): check MUTAKHIR_ALERTS"


def alert_addresses(settings: Settings) -> list[str]:
    """The addresses of MUTAKHIR_ALERTS, which blanks and line ends separate."""
    return settings.alerts.get_secret_value().split()


def _sent(addresses: list[str], title: str, text: str) -> str | None:
    from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType  # takes half a second

    logging.getLogger("apprise").disabled = True  # it writes addresses
    asset = AppriseAsset(app_id="Mutakhir", app_desc="Mutakhir", app_url="", async_mode=False, http_redirects=False)
    body = text if len(text) <= _AT_MOST else f"{text[:_AT_MOST]}\n... (cut; the run says more)"
    unknown, failed = 0, 0
    for address in addresses:
        service = Apprise(asset=asset)
        if not service.add(address):
            unknown += 1
        elif not service.notify(body, title=title, notify_type=NotifyType.WARNING, body_format=NotifyFormat.TEXT):
            failed += 1
    said = [f"{unknown} are no addresses that apprise knows"] * bool(unknown)
    said += [f"{failed} did not take it"] * bool(failed)
    return f"of {len(addresses)} addresses in MUTAKHIR_ALERTS {', '.join(said)}" if said else None
