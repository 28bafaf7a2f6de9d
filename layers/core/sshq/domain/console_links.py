"""Where AWS's console shows a job, its log and its nodes, in every partition."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

_HOSTS = {
    "aws": "{region}.console.aws.amazon.com",
    "aws-cn": "{region}.console.amazonaws.cn",
    "aws-us-gov": "{region}.console.amazonaws-us-gov.com",
}
LOG_GROUP = "/aws/sagemaker/TrainingJobs"


@dataclass(frozen=True)
class Console:
    """The console of one region."""

    region: str
    partition: str = "aws"

    def job(self, name: str) -> str:
        """SageMaker's page of a training job."""
        return f"{self._base}/sagemaker/home?region={self.region}#/jobs/{quote(name, safe='')}"

    def log(self, job: str) -> str:
        """CloudWatch's list of the job's log streams: one for each container."""
        group = _fragment(LOG_GROUP)
        return (
            f"{self._base}/cloudwatch/home?region={self.region}#logsV2:log-groups/log-group/{group}"
            f"$3FlogStreamNameFilter$3D{_fragment(job + '/')}"
        )

    def node(self, node: str) -> str:
        """Fleet Manager's page of a node."""
        where = f"fleet-manager/managed-nodes/{quote(node, safe='')}/general"
        return f"{self._base}/systems-manager/{where}?region={self.region}"

    @property
    def _base(self) -> str:
        return "https://" + _HOSTS.get(self.partition, _HOSTS["aws"]).format(region=self.region)


def _fragment(text: str) -> str:
    """CloudWatch's pages quote twice, and write `$` for `%`."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")
