import * as pulumi from "@pulumi/pulumi";
import type { Host, HostArgs } from "../kind.ts";
import { sha256 } from "../naming.ts";
import type { CertificateInputs } from "./certificate.ts";
import { EndpointCertificate } from "./certificate-resource.ts";
import { localPod } from "./local-pod.ts";
import { type LocalPlan, localAddress } from "./plan.ts";
import { PodmanPod } from "./podman-pod-resource.ts";

/** The cache on this machine: a certificate, and the Pod that podman plays. */
export class LocalHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly diskGiB: number;
  readonly pod: pulumi.Output<string>;

  constructor(name: string, args: HostArgs<LocalPlan>, options?: pulumi.ComponentResourceOptions) {
    super("registry-cache:local:VmHost", name, {}, options);
    const { plan, secrets } = args;
    const certificate = new EndpointCertificate(name, certificateFor(plan), { parent: this });

    const pod = pulumi.output(secrets).apply((known) => localPod(plan, known));
    // Ensures that the certificate exists first. A new certificate needs no new Pod: the edge reloads it by itself.
    new PodmanPod(name, pod, { parent: this, dependsOn: [certificate] });

    this.address = pulumi.output(localAddress);
    this.ca = certificate.ca;
    this.diskGiB = plan.place.diskGiB;
    this.pod = pod.apply(({ bundle }) => sha256(bundle));
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

function certificateFor({ region, place: { directory } }: LocalPlan): CertificateInputs {
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
