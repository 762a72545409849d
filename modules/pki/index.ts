/** Certificates and keys: looking at them, signing them, seeing them served. */
export { certificate, certificates, type CertificateFile, type CertificateParams, type CertificatesParams } from './certificate';
export { key, readKey, type KeyFile, type KeyParams } from './key';
export { authority, type Authority, type AuthorityPaths, type AuthoritySource } from './authority';
export { reissue, type ReissueParams } from './reissue';
export { issue, type IssueParams } from './issue';
export { served, serves, type ServedCertificate, type ServedParams, type ServesParams } from './served';
export { isIssuedBy, secureConnect, verifyCertificate, type Expected, type Purpose, type SecureConnectParams } from './verify';
export type { CertificateFacts, KeyFacts } from './facts';
export { alternativeName, isSameName, type AlternativeName, type DistinguishedName } from './names';
export type { CfsslRequest } from './cfssl-csr';
