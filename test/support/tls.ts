/** What a server shows of itself in a TLS handshake. */
import type { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:tls";

/**
 * The certificate that a new connection gets. Throws where there is no server, or one whose certificate the authority hasn't issued.
 *
 * @param ca PEM
 * @param hostname what the certificate must be for. @default the URL's
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
