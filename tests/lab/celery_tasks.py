"""Tasks of Celery that say where they read, on a broker in memory."""

from celery import Celery, signals
from celery.exceptions import Reject
from django.db import connections, router, transaction

from lab.shop.models import Tag

app = Celery("lab", broker="memory://", backend="cache+memory://")
app.conf.update(
    worker_hijack_root_logger=False,
    task_ignore_result=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"polling_interval": 0.01},
    result_backend_always_retry=False,
)


def seen():
    """Which database a read asks, and what it shows."""
    names = sorted(Tag.objects.values_list("name", flat=True))
    return [router.db_for_read(Tag), names]


def leave():
    """The next test has other databases behind the same aliases."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        del connections[connection.alias]


@signals.task_postrun.connect
def left(task, **_kwargs):
    """Closes what was opened after the task's own end, to send the next message."""
    if not task.request.is_eager:
        leave()


@app.task(name="lab.read")
def read(*_before):
    try:
        return seen()
    finally:
        leave()


@app.task(name="lab.read_alone")
def read_alone():
    """Takes no arguments, so that Celery sends it as an errback and does not call it."""
    return read.run()


@app.task(name="lab.write")
def write(name, *_before):
    try:
        Tag.objects.create(name=name)
        return seen()
    finally:
        leave()


@app.task(name="lab.write_after")
def write_after(_before, name):
    return write.run(name)


@app.task(name="lab.write_and_fail")
def write_and_fail(name):
    write.run(name)
    raise LookupError(name)


@app.task(name="lab.write_and_retry", bind=True, max_retries=1)
def write_and_retry(self, name):
    if self.request.retries:
        return read.run()
    write.run(name)
    raise self.retry(countdown=0)


@app.task(name="lab.write_and_requeue", bind=True, acks_late=True)
def write_and_requeue(self, name):
    """Comes back until its own row is there."""
    found = read.run()
    if name in found[1]:
        return found
    write.run(name)
    raise Reject("once more", requeue=True)


def write_then_send(name):
    """What a view does that sends its message after the commit."""
    sent = []
    with transaction.atomic():
        Tag.objects.create(name=name)
        transaction.on_commit(lambda: sent.append(read.delay()))
    return sent[0]
