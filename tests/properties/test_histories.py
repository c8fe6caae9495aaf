"""The checker of histories: right ones have no violation, and each seeded one is found."""

from dataclasses import dataclass, field, replace

from hypothesis import assume, given
from hypothesis import strategies as st

from django_fleet.testing import Operation, Outage, violations

KEYS, SESSIONS, REPLICAS = ("a", "b"), ("alice", "bob", "carol"), ("replica-1", "replica-2")
STEP = 10.0

steps = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "read", "read", "read", "replay", "die", "revive"]),
        st.sampled_from(SESSIONS),
        st.sampled_from(KEYS),
        st.sampled_from(["primary", *REPLICAS]),
        st.floats(0, 3 * STEP),
        st.floats(0, 3 * STEP),
    ),
    min_size=15,
    max_size=60,
)


@dataclass
class Cluster:
    """A primary's log, replicas that have replayed a beginning of it, and sessions with tokens."""

    log: list = field(default_factory=list)
    replayed: dict = field(default_factory=lambda: dict.fromkeys(REPLICAS, 0))
    tokens: dict = field(default_factory=lambda: dict.fromkeys(SESSIONS, 0))
    free: dict = field(default_factory=lambda: dict.fromkeys(SESSIONS, 0.0))
    """When the session's last operation was over."""
    dead: dict = field(default_factory=dict)
    """Node -> since when."""
    operations: list = field(default_factory=list)
    outages: list = field(default_factory=list)

    def shown(self, node):
        return len(self.log) if node == "primary" else self.replayed[node]

    def version(self, key, position):
        return self.log[:position].count(key)

    def run(self, steps):
        for number, (action, session, key, node, before, after) in enumerate(steps):
            moment = 100 + number * STEP
            if action == "replay" and node in REPLICAS:
                self.replayed[node] = min(len(self.log), self.replayed[node] + 2)
            elif action == "die":
                self.dead.setdefault(node, moment)
            elif action == "revive" and node in self.dead:
                self.outages.append(Outage(node, self.dead.pop(node), moment))
            elif action in {"read", "write"} and moment >= self.free[session]:
                begun = max(moment - before, self.free[session])
                self.free[session] = moment + after
                self._operate((session, action, key), node, (begun, moment + after))
        self.outages += [Outage(node, since) for node, since in self.dead.items()]
        return self

    def _operate(self, what, node, when):
        session, kind, key = what
        if kind == "write" or self.shown(node) < self.tokens[session] or node in self.dead:
            node = "primary"
        if node in self.dead:
            others = [r for r in REPLICAS if r not in self.dead]
            node = next((r for r in others if self.shown(r) >= self.tokens[session]), None)
            node = None if kind == "write" else node
        if node is None:
            self.operations.append(Operation(*what, None, "", False, *when, "down"))
            return
        if kind == "write":
            self.log.append(key)
        self.tokens[session] = position = max(self.tokens[session], self.shown(node))
        version = self.version(key, self.shown(node))
        self.operations.append(Operation(*what, version, node, node in REPLICAS, *when))
        assert position <= len(self.log)

    def faults(self):
        return [found.fault for found in violations(self.operations, self.outages)]


clusters = steps.map(lambda each: Cluster().run(each))


@given(clusters)
def test_right_histories_have_no_violation(cluster):
    """Tokens, replay, deaths and operations at the same time as others: nothing is reported."""
    assert cluster.faults() == []


def seeded(cluster, operation, **changes):
    """The same history, with one operation that was otherwise."""
    wrong = replace(operation, **changes)
    operations = [wrong if each is operation else each for each in cluster.operations]
    return {
        (found.fault, found.operation.session, found.operation.begun)
        for found in violations(operations, cluster.outages)
    }


def answered(cluster, kind):
    return [each for each in cluster.operations if each.kind == kind and not each.is_failed]


def highest(cluster, kind):
    """Session and key -> the highest version that it had of that kind."""
    found = {}
    for each in answered(cluster, kind):
        place = each.session, each.key
        found[place] = max(each.version, found.get(place, 0))
    return found


def read_at_the_end(cluster, session, key, version, node):
    """What is wrong with a read that comes after everything."""
    begun = max(each.ended for each in cluster.operations) + 1
    read = Operation(session, "read", key, version, node, node in REPLICAS, begun, begun + 1)
    found = violations([*cluster.operations, read], cluster.outages)
    return {each.fault for each in found if each.operation is read}


@given(clusters, st.sampled_from(["primary", *REPLICAS]), st.data())
def test_a_read_that_forgets_a_write_is_found(cluster, node, data):
    """Of the session itself: one version less than it had written last. With that one all is well."""
    read = highest(cluster, "read")
    wrote = {at: v for at, v in highest(cluster, "write").items() if v > read.get(at, 0)}
    assume(wrote)
    (session, key), version = data.draw(st.sampled_from(sorted(wrote.items())))
    assert read_at_the_end(cluster, session, key, version - 1, node) == {"stale read"}
    assert read_at_the_end(cluster, session, key, len(cluster.log), node) == set()


@given(clusters, st.sampled_from(["primary", *REPLICAS]), st.data())
def test_a_read_that_goes_back_is_found(cluster, node, data):
    """One version less than the session had read before."""
    wrote = highest(cluster, "write")
    read = {at: v for at, v in highest(cluster, "read").items() if v > wrote.get(at, 0)}
    assume(read)
    (session, key), version = data.draw(st.sampled_from(sorted(read.items())))
    found = read_at_the_end(cluster, session, key, version - 1, node)
    # It may have seen as much through another's write before it read it.
    assert found
    assert found <= {"non-monotonic read", "stale read"}
    assert read_at_the_end(cluster, session, key, len(cluster.log), node) == set()


@given(clusters, st.data())
def test_a_write_on_a_replica_is_found(cluster, data):
    """Whichever it is."""
    writes = answered(cluster, "write")
    assume(writes)
    write = data.draw(st.sampled_from(writes))
    found = seeded(cluster, write, on_replica=True, node="replica-1")
    assert ("write on a replica", write.session, write.begun) in found


@given(clusters, st.data())
def test_a_failed_read_is_found(cluster, data):
    """Where the primary had answered somebody before and did not die."""
    cluster.outages = [each for each in cluster.outages if each.node != "primary"]
    first = min((w.ended for w in answered(cluster, "write")), default=None)
    assume(first is not None)
    reads = [each for each in answered(cluster, "read") if each.begun >= first]
    assume(reads)
    read = data.draw(st.sampled_from(reads))
    found = seeded(cluster, read, version=None, error="gone")
    assert ("failed read", read.session, read.begun) in found
