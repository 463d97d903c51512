"""The mail server of the tests: aiosmtpd, with the manners that its arguments and the recipients' names ask for.

It prints the port that it listens on, and writes a line of JSON for each mail that it was given.
"""

import argparse
import asyncio
import email
import email.policy
import json
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, default=0)
arguments.add_argument("--record", required=True)
arguments.add_argument("--greeting", type=float, default=0, help="seconds before the first word")
arguments.add_argument("--work", type=float, default=0, help="seconds between a mail and the 250")
arguments.add_argument("--certificate")
arguments.add_argument("--implicit", action="store_true", help="TLS from the first byte")
arguments.add_argument("--login", help="user:password, without which nothing is taken")
arguments.add_argument("--refuse-sender", action="store_true")
options = arguments.parse_args()

# That a password comes without TLS is what some tests are about.
warnings.simplefilter("ignore")
record = open(options.record, "a", encoding="utf-8")
seen = {}


def count(what):
    seen[what] = seen.get(what, 0) + 1
    return seen[what]


class Manners:
    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if options.refuse_sender:
            return f"550 5.7.1 <{address}>: you may not send as this"
        envelope.mail_from = address
        return "250 2.1.0 fine"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("refused-"):
            return f"550 5.1.1 <{address}>: no such user"
        if address.startswith("busy-") and count(address) <= 2:
            return f"451 4.7.1 <{address}>: come back later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server, session, envelope):
        to = envelope.rcpt_tos[0]
        if to.startswith("spam-"):
            return "554 5.7.1 this looks like an advertisement for https://example.com/#token=x"
        dropped = to.startswith("dropped-") and count(to) == 1
        await asyncio.sleep(options.work)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        line = {
            "from": envelope.mail_from,
            "to": to,
            "headers": {name: str(value) for name, value in mail.items()},
            "types": [part.get_content_type() for part in mail.walk()],
            "text": mail.get_body(("plain",)).get_content(),
            "html": mail.get_body(("html",)).get_content(),
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data.login.decode() if session.authenticated else None,
            "acknowledged": not dropped,
        }
        record.write(json.dumps(line) + "\n")
        record.flush()
        if dropped:
            server.transport.abort()
        return "250 2.0.0 taken"


class Server(SMTP):
    async def _handle_client(self):
        await asyncio.sleep(options.greeting)
        await super()._handle_client()


def authenticate(server, session, envelope, mechanism, data):
    good = f"{data.login.decode()}:{data.password.decode()}" == options.login
    return AuthResult(success=good, handled=False, auth_data=data)


async def main():
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
    loop = asyncio.get_running_loop()

    def session():
        return Server(
            Manners(),
            hostname="localhost",
            enable_SMTPUTF8=True,
            tls_context=None if options.implicit else context,
            require_starttls=context is not None and not options.implicit,
            authenticator=authenticate if options.login else None,
            auth_required=options.login is not None,
            # Where nobody logs in, it is not offered.
            auth_require_tls=options.login is None,
            loop=loop,
        )

    implicit = context if options.implicit else None
    listening = await loop.create_server(session, "127.0.0.1", options.port, ssl=implicit)
    print(listening.sockets[0].getsockname()[1], flush=True)
    # It goes with whoever started it.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
