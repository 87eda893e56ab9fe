"""Reports for CI: SARIF by the schema of the standard, JUnit by the schema of Jenkins' xUnit plugin and by junitparser."""

import glob
import json
import os
import tarfile

from kit import Skip, same


def sarif(kit):
    jsonschema = kit.python("jsonschema", "jsonschema")
    # The crate is generated from the schema of OASIS, which it carries.
    with open(kit.crate("serde-sarif", "0.8.0", "src/schema.json")) as file:
        schema = json.load(file)
    with open(kit.export("philosophers", "sarif")) as file:
        document = json.load(file)
    validator = jsonschema.validators.validator_for(schema)
    errors = [f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in validator(schema).iter_errors(document)]
    same("errors by the schema", [], errors[:3])
    finding = kit.profile("philosophers")["findings"][0]
    result = document["runs"][0]["results"][0]
    same("rule", finding["verdict"], result["ruleId"])
    flows = result["codeFlows"][0]["threadFlows"]
    same("tasks of the ring", finding["cycle"] or [task["task"] for task in finding["tasks"]], [flow["id"] for flow in flows])
    where = {task["task"]: task["at"] for task in finding["tasks"]}
    for flow in flows:
        place = flow["locations"][-1]["location"]["physicalLocation"]
        at = f"{place['artifactLocation']['uri']}:{place['region']['startLine']}:{place['region']['startColumn']}"
        same(f"where {flow['id']} waits", where[flow["id"]], at)
    return f"valid SARIF 2.1.0; {result['ruleId']} with {len(flows)} thread flows, each ending where its task waits"


def xsd(kit):
    """The schema of Jenkins' xUnit plugin, from the source of pytest, which tests itself with it."""
    path = os.path.join(kit.home, "junit-10.xsd")
    if not os.path.exists(path):
        folder = os.path.join(kit.home, "sources")
        kit.pip_download("pytest==8.4.2", folder)
        with tarfile.open(glob.glob(os.path.join(folder, "pytest-*.tar.gz"))[0]) as source:
            member = next((name for name in source.getnames() if name.endswith("/junit-10.xsd")), None)
            if member is None:
                raise Skip("pytest's source has no JUnit schema any more")
            with open(path, "wb") as file:
                file.write(source.extractfile(member).read())
    return path


def junit(kit):
    junitparser = kit.python("junitparser", "junitparser")
    path = kit.export("philosophers", "junit")
    finding = kit.profile("philosophers")["findings"][0]
    failed = {case.name: case.result[0] for suite in junitparser.JUnitXml.fromfile(path) for case in suite if case.result}
    same("failed cases", [finding["verdict"]], sorted(failed))
    text = failed[finding["verdict"]].text
    for task in finding["tasks"]:
        if task["task"] in finding["cycle"] and f"{task['at']}: {task['task']} waits" not in text:
            raise AssertionError(f"{task['task']} at {task['at']} is not in\n{text}")
    clean = [case for suite in junitparser.JUnitXml.fromfile(kit.export("pipeline", "junit")) for case in suite if case.result]
    same("failed cases of the pipeline", [], clean)
    return f"junitparser: {sorted(failed)} failed, with where each task waits; none in the pipeline"


def junit_schema(kit):
    xmlschema = kit.python("xmlschema", "xmlschema")
    schema = xmlschema.XMLSchema(xsd(kit))
    for name in ("philosophers", "pipeline"):
        errors = [f"{error.path}: {error.reason}" for error in schema.iter_errors(kit.export(name, "junit"))]
        same(f"errors of {name}", [], errors[:3])
    return "valid by the schema of Jenkins' xUnit plugin"


CHECKS = [("sarif, JSON schema", sarif), ("junit, junitparser", junit), ("junit, XML schema", junit_schema)]
