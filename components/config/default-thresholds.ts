/** Defaults of thresholds that the status page or a dashboard uses, too. The page runs in browsers, so it can't import the schema. */
export const defaultCertificateDays = 10;
export const defaultPodOutdatedMinutes = 10;
