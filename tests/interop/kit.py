"""What the checks share: the examples and their exports, verdicts, and how tools are installed."""

import importlib
import json
import os
import subprocess
import sys


class Skip(Exception):
    """A check cannot be made here; the text says why."""


class Kit:
    def __init__(self, vex, home):
        self.vex, self.home = vex, home
        self.out = os.path.join(home, "out")
        os.makedirs(self.out, exist_ok=True)
        self.counts = {"PASS": 0, "SKIP": 0, "FAIL": 0}

    # Verdicts

    def check(self, name, function):
        """Runs a check; what it returns says what was found."""
        try:
            verdict, text = "PASS", function(self)
        except Skip as reason:
            verdict, text = "SKIP", str(reason)
        except Exception as error:  # a check that stumbles has failed, and the others go on
            verdict, text = "FAIL", f"{type(error).__name__}: {error}"
        self.counts[verdict] += 1
        print(f"{verdict}  {name}: {text}", flush=True)

    # Programs

    def run(self, *command, code=0, **options):
        """The standard output of a command that ends with this code."""
        done = subprocess.run(command, capture_output=True, text=True, **options)
        if done.returncode != code:
            tail = (done.stderr or done.stdout).strip()[-600:]
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}: {tail}")
        return done.stdout

    def path(self, name):
        return os.path.join(self.out, name)

    def record(self, name, code):
        """Records an example under a seed."""
        trace = self.path(f"{name}.vxt")
        program = f"examples/vex/{name}.vex"
        self.run(self.vex, "trace", program, "--seed", "1", "--headless", "-o", trace, code=code)

    def export(self, name, form):
        """The path of an example in a format."""
        path = self.path(f"{name}.{form}")
        self.run(self.vex, "export", self.path(f"{name}.vxt"), "--format", form, "-o", path)
        return path

    def profile(self, name):
        """An example's profile, as vex itself has it."""
        with open(self.export(name, "json")) as file:
            return json.load(file)

    # Tools

    def python(self, module, package):
        """A module from PyPI."""
        try:
            return importlib.import_module(module)
        except ImportError:
            self.pip(package)
            return importlib.import_module(module)

    def pip(self, *arguments):
        """Installs packages from PyPI."""
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        done = subprocess.run([*pip, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip(f"{arguments[0]} cannot be installed from PyPI: {last_line(done.stderr)}")
        importlib.invalidate_caches()

    def pip_download(self, package, folder):
        """Puts the source of a package from PyPI into a folder."""
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
        done = subprocess.run([*pip, "--no-binary", ":all:", "--dest", folder, package], capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip(f"the source of {package} cannot be had from PyPI: {last_line(done.stderr)}")

    def npm(self, package, file):
        """A file of a package from npm."""
        path = os.path.join(self.home, "npm", "node_modules", package, file)
        if not os.path.exists(path):
            folder = os.path.join(self.home, "npm")
            os.makedirs(folder, exist_ok=True)
            command = ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", package]
            try:
                done = subprocess.run(command, capture_output=True, text=True)
            except OSError as error:
                raise Skip(f"{package} cannot be installed from npm: {error}")
            if done.returncode != 0 or not os.path.exists(path):
                raise Skip(f"{package} cannot be installed from npm: {last_line(done.stderr)}")
        return path

    def crate(self, name, version, file):
        """A file of a crate."""
        folder = os.path.join(self.home, "crates", name)
        os.makedirs(os.path.join(folder, "src"), exist_ok=True)
        with open(os.path.join(folder, "Cargo.toml"), "w") as manifest:
            manifest.write(f'[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\n{name} = "={version}"\n')
        open(os.path.join(folder, "src", "lib.rs"), "w").close()
        try:
            done = subprocess.run(["cargo", "metadata", "--format-version", "1"], cwd=folder, capture_output=True, text=True)
        except OSError as error:
            raise Skip(f"{name} cannot be had from crates.io: {error}")
        if done.returncode != 0:
            raise Skip(f"{name} cannot be had from crates.io: {last_line(done.stderr)}")
        for package in json.loads(done.stdout)["packages"]:
            if package["name"] == name:
                return os.path.join(os.path.dirname(package["manifest_path"]), file)
        raise Skip(f"{name} is not among its own packages")


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no reason given"


def same(what, ours, theirs):
    """Both must be equal; says so."""
    if ours != theirs:
        raise AssertionError(f"{what}: vex says {ours!r}, the reader {theirs!r}")
    return f"{what} {theirs}"
