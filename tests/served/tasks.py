"""For Celery: a broker that is a folder, so that it reaches other processes."""

import os
import time
from pathlib import Path

import django
from celery import Celery

django.setup()

import served.broker  # noqa: E402, F401 -- the broker "folder"
from lab.shop.models import Tag  # noqa: E402
from served.seen import seen  # noqa: E402

folder = Path(os.environ["SERVED_FOLDER"])
for name in ("messages", "results", "control"):
    (folder / name).mkdir(exist_ok=True)

app = Celery("served", broker="folder://", backend=f"file://{folder}/results")
app.conf.update(
    broker_transport_options={
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.05,
    },
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)


@app.task
def read(*_before):
    time.sleep(0.1)  # so that all processes of the worker have something to do
    return seen()


@app.task
def write(name):
    Tag.objects.create(name=name)
    return seen()
