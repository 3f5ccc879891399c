/** Facts about a server from a TLS handshake. */
import type { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:tls";

/**
 * The certificate that a new connection gets. Throws if there is no server, or if the authority didn't issue its certificate.
 * @param ca PEM
 * @param hostname the name that the certificate must have. @default the URL's
 */
export async function servedCertificate(
  url: URL,
  { ca, hostname = url.hostname }: { ca: string; hostname?: string },
): Promise<X509Certificate> {
  const socket = connect({ host: url.hostname, port: Number(url.port), servername: hostname, ca });
  await once(socket, "secureConnect");
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  if (certificate === undefined) throw new Error("no certificate");
  return certificate;
}
