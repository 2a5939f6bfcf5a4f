"""A DNS server on loopback that says whatever a test wants it to: something else the second time, or nothing at all."""

import asyncio
from collections import Counter, defaultdict

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from aiohttp import AsyncResolver

SILENCE = "silence"
TTL_SECONDS = 0


class LyingDns(asyncio.DatagramProtocol):
    """`says[name]`: the answers to one question after the other, the last of them for ever; each a list such as
    `["CNAME other.example", "A 127.0.0.1"]`, or SILENCE. What it has never heard of does not exist."""

    def __init__(self):
        self.says = {}
        self.asked = Counter()
        self._turns = defaultdict(Counter)

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_):
        self._transport.close()

    def resolver(self):
        """One that asks here."""
        return AsyncResolver(nameservers=["127.0.0.1"], udp_port=self.port, tcp_port=self.port, timeout=0.5, tries=2)

    def datagram_received(self, data, sender):
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.question[0].rdtype)
        self.asked[name] += 1
        answers = self.says.get(name)
        reply = dns.message.make_response(question)
        reply.flags |= dns.flags.RA
        if answers is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        else:
            turn = self._turns[name][kind]
            self._turns[name][kind] += 1
            said = answers[min(turn, len(answers) - 1)]
            if said == SILENCE:
                return
            reply.answer = records(name, kind, said)
        self._transport.sendto(reply.to_wire(), sender)


def records(name, kind, said):
    """What answers a question of a kind: each name of a chain leads to the next, the last to the addresses."""
    found = []
    for record in said:
        what, value = record.split()
        if what == "CNAME":
            found.append(dns.rrset.from_text(f"{name}.", TTL_SECONDS, "IN", "CNAME", f"{value}."))
            name = value
        elif what == kind:
            found.append(dns.rrset.from_text(f"{name}.", TTL_SECONDS, "IN", what, value))
    return found
