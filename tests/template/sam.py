"""template.yaml as CloudFormation sees it: expanded by SAM's own transform, with values in place of references."""

import copy
import os
import re
from functools import cache, cached_property
from pathlib import Path

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"
REGION = "eu-west-1"
ACCOUNT = "123456789012"
STACK = "minoots-test"
PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()

os.environ.setdefault("AWS_DEFAULT_REGION", REGION)


class Template:
    """A template's text and what follows from it."""

    def __init__(self, text):
        self.text = text
        self.raw = yaml_parse(text)

    @cached_property
    def expanded(self):
        """What SAM makes of it, still with references."""
        raw = copy.deepcopy(self.raw)
        for resource in raw["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = {"Bucket": "artifacts", "Key": "function.zip"}
        session = boto3.Session(region_name=REGION)
        return Translator({}, Parser(), boto_session=session).translate(raw, parameter_values={})

    def stack(self, **parameters):
        """What a deployment with these parameters consists of."""
        return Stack(self.expanded, parameters)


@cache
def template():
    return Template(TEMPLATE.read_text())


class Stack:
    """Resources with their values. A reference to a resource reads `${Name}`, to its attribute `${Name.Attribute}`."""

    def __init__(self, expanded, parameters):
        unknown = parameters.keys() - expanded["Parameters"].keys()
        assert not unknown, f"the template has no parameters {unknown}"
        defaults = {name: parameter["Default"] for name, parameter in expanded["Parameters"].items()}
        self._values = PSEUDO | defaults | parameters
        for name, parameter in expanded["Parameters"].items():
            if parameter["Type"] == "CommaDelimitedList":
                self._values[name] = self._values[name].split(",")
        self._conditions = expanded.get("Conditions", {})
        self.resources = self._in_force(expanded["Resources"])
        self.outputs = self._in_force(expanded.get("Outputs", {}))

    def of(self, kind):
        """The properties of all resources of a type, by name."""
        return {name: it.get("Properties", {}) for name, it in self.resources.items() if it["Type"] == kind}

    def named(self, reference):
        """The name of the resource that a resolved reference or ARN leads to."""
        found = re.fullmatch(r"\$\{(\w+)(\.Arn)?\}", reference)
        assert found, f"{reference} is no plain reference to a resource"
        return found[1]

    def _in_force(self, entries):
        in_force = {name: it for name, it in entries.items() if "Condition" not in it or self._holds(it["Condition"])}
        return self._value(in_force)

    def _holds(self, name):
        return self._value(self._conditions[name])

    def _value(self, node):
        if isinstance(node, list):
            values = [self._value(entry) for entry in node]
            return [value for value in values if value is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(name, argument)] = node.items()
            if name == "Ref":
                return self._ref(argument)
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            assert not name.startswith("Fn::"), f"{name} is not understood by these tests"
        values = {key: self._value(value) for key, value in node.items()}
        return {key: value for key, value in values.items() if value is not NOTHING}

    def _ref(self, name):
        return NOTHING if name == "AWS::NoValue" else self._values.get(name, f"${{{name}}}")

    def _get(self, argument):
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return f"${{{name}.{attribute}}}"

    def _sub(self, argument):
        assert isinstance(argument, str), f"Fn::Sub with variables is not understood by these tests: {argument}"
        return re.sub(r"\$\{([\w:.]+)\}", lambda found: str(self._values.get(found[1], found[0])), argument)


_FUNCTIONS = {
    "Fn::GetAtt": Stack._get,
    "Fn::Sub": Stack._sub,
    "Fn::If": lambda stack, it: stack._value(it[1] if stack._holds(it[0]) else it[2]),
    "Fn::Equals": lambda stack, it: stack._value(it[0]) == stack._value(it[1]),
    "Fn::Not": lambda stack, it: not stack._value(it[0]),
    "Fn::Join": lambda stack, it: it[0].join(map(str, stack._value(it[1]))),
}
