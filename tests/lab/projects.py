"""A project in a folder of its own, whose commands run as processes of their own."""

import subprocess

from bench.migrations import project

MYSQL = """\
try:
    import pymysql
    pymysql.install_as_MySQLdb()
except ImportError:
    pass
"""


class Project:
    """Settings with these databases, and the apps of Django that most projects have."""

    def __init__(self, folder, entries):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        project.write(folder, entries, first=MYSQL)

    def start(self, *args):
        """A command, begun."""
        return project.begun(
            self.folder, *args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, *args, timeout_s=120):
        """Exit status and output of a command."""
        process = self.start(*args)
        out, _ = process.communicate(timeout=timeout_s)
        return process.returncode, out
