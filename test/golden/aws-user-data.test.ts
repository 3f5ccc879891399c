/**
 * The user data of a cache VM in AWS, unpacked, as files to review. After an intended change: node --test --test-update-snapshots test/golden/aws-user-data.test.ts
 * What `write_files` writes stands below `files`, and the Pod, which S3 has, below `pod`. Copies of files of the sources are left out.
 */
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse, parseAllDocuments, stringify } from "yaml";
import { parseConfig } from "../../components/config/parse.ts";
import type { AwsVmRegion } from "../../components/config/schema.ts";
import { podOptions } from "../../components/hosts/aws/pod-options.ts";
import { awsUserData } from "../../components/hosts/aws/user-data.ts";
import { vmPod } from "../../components/hosts/vm/pod.ts";
import { testGolden } from "../support/golden.ts";

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
  diskGiB: 240,
  hostedZoneId: "Z0123456789ABCDEFGHIJ",
  storedSecrets: { "credentials-gsoci": "/registry-cache-eu-central-1/credentials-gsoci" },
});
const packed = awsUserData({
  ...options,
  // Any change of a script is another digest.
  storedPod: { name: "s3://registry-cache-eu-central-1-20261124/pod.yaml", digest: "…" },
  architecture: "arm64",
  volumeId: "vol-0123456789abcdef0",
});

const files = {
  ...unpacked(gunzipSync(packed).toString()),
  ...podFiles(vmPod(options)),
};

testGolden(folder, files);

interface WrittenFile {
  readonly path: string;
  readonly content: string;
}

function unpacked(userData: string): Record<string, string> {
  const cloudConfig = parse(userData);
  const written: WrittenFile[] = cloudConfig.write_files;
  const outline = written.map(({ content, ...rest }) => rest);
  return {
    "cloud-config.yaml": stringify({ ...cloudConfig, write_files: outline }),
    ...Object.fromEntries(
      written
        .filter(({ path }) => !path.endsWith(".sh"))
        .map(({ path, content }) => [`files${path}`, content]),
    ),
  };
}

/** The Pod, and the files of each container's ConfigMap. */
function podFiles(yaml: string): Record<string, string> {
  const documents = parseAllDocuments(yaml).map((document) => document.toJS());
  const manifest = documents.pop();
  return {
    "pod/pod.yaml": stringify(manifest, { aliasDuplicateObjects: false }),
    ...Object.fromEntries(
      documents.flatMap(({ metadata, data = {} }) =>
        Object.entries<string>(data)
          .filter(([file]) => !file.endsWith(".sh"))
          .map(([file, text]) => [`pod/${metadata.name}/${file}`, text]),
      ),
    ),
  };
}
