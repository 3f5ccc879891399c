/** The user data of a cache VM in AWS, and its Pod, which is in S3: see machineFiles(). After an intended change: `npm run generate`. */
import { join } from "node:path";
import { parseConfig } from "../../components/config/parse.ts";
import type { AwsVmRegion } from "../../components/config/schema.ts";
import { podOptions } from "../../components/hosts/aws/vm/pod.ts";
import { awsUserData } from "../../components/hosts/aws/vm/user-data.ts";
import { vmPod } from "../../components/hosts/vm/pod.ts";
import { testGolden } from "../support/golden.ts";
import { machineFiles } from "../support/machine-files.ts";

const folder = join(import.meta.dirname, "aws-user-data");

const config = parseConfig({
  provider: "aws",
  regions: [
    {
      name: "eu-central-1",
      topology: "vm",
      storage: { kind: "disk", size: "240GiB" },
      endpoint: {
        hostname: "cache.eu-central-1.example.com",
        zone: "example.com",
        tls: { mode: "acme", email: "platform@example.com" },
      },
      access: { clients: ["203.0.113.0/24", "2001:db8::/32"], metrics: ["198.51.100.10/32"] },
    },
  ],
  upstreams: [
    {
      name: "gsoci",
      registry: "gsoci.azurecr.io",
      repositories: ["giantswarm/**", "charts/giantswarm/**"],
      credentials: "gsoci-credentials",
    },
  ],
  monitoring: { labels: { team: "platform" } },
  "gsoci-credentials": { username: "reader", password: { secure: "v1:ciphertext" } },
});

const options = podOptions({
  ...config,
  region: config.regions[0] as AwsVmRegion,
  capacity: { machine: { type: "c7gn.medium" }, disk: { sizeGiB: 240 } },
  challengeZone: { id: "Z0123456789ABCDEFGHIJ" },
  storedSecrets: { "credentials-gsoci": "/registry-cache-eu-central-1/credentials-gsoci" },
});
const userData = awsUserData({
  region: "eu-central-1",
  bucket: "registry-cache-eu-central-1-20261124",
  architecture: "arm64",
  volumeId: "vol-0123456789abcdef0",
});

testGolden(folder, machineFiles(Buffer.from(userData, "base64"), vmPod(options)));
