import * as pulumi from "@pulumi/pulumi";
import type { LocalRegion } from "../../config/schema.ts";
import type { Host, HostArgs } from "../host.ts";
import type { CertificateInputs } from "./certificate.ts";
import { EndpointCertificate } from "./certificate-resource.ts";
import { layout } from "./layout.ts";
import { localAddress, localPod } from "./local-pod.ts";
import { PodmanPod } from "./podman-pod-resource.ts";

/** The cache on this machine: a certificate, and the Pod played by podman. */
export class LocalHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly diskGiB: number;

  constructor(name: string, args: HostArgs<LocalRegion>, options?: pulumi.ComponentResourceOptions) {
    super("registry-cache:local:VmHost", name, {}, options);
    const { region, upstreams } = args;
    const certificate = new EndpointCertificate(name, certificateFor(args), { parent: this });

    const pod = pulumi
      .all([certificate.fingerprint, pulumi.output(args.credentials), args.remoteWriteCredentials])
      .apply(([fingerprint, credentials, remoteWriteCredentials]) =>
        localPod({ ...args, fingerprint, credentials, remoteWriteCredentials }),
      );
    new PodmanPod(name, pod, { parent: this });

    this.address = pulumi.output(localAddress);
    this.ca = certificate.ca;
    this.diskGiB = layout(region, upstreams).diskGiB;
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

function certificateFor({ region, upstreams }: HostArgs<LocalRegion>): CertificateInputs {
  const { directory } = layout(region, upstreams);
  const { hostname, tls } = region.endpoint;
  if (tls.mode === "provided") {
    return {
      directory,
      names: [hostname],
      files: { certificateFile: tls.certificateFile, keyFile: tls.keyFile },
    };
  }
  return { directory, names: [...new Set([hostname, "localhost", localAddress])] };
}
