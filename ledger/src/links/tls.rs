//! TLS 1.3, mutual, with raw Ed25519 public keys (RFC 7250) on an allow-list. No certificates, no authorities, no
//! expiry; no session is resumed and nothing is sent before the handshake is over.
//!
//! Caution: with TLS 1.3 the dialing side's handshake ends before the other has judged its key. A link is not there
//! before the peer's hello.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError,
    PeerMisbehaved, ServerConfig, SignatureScheme,
    client::{
        AlwaysResolvesClientRawPublicKeys, Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::{
        AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
    version::TLS13,
};

use super::{
    error::{NotListed, WrongKey},
    key::{NodeKey, NodePublicKey},
    peer::PeerId,
};

/// Says whose a key is, now.
pub trait AllowList: Send + Sync + 'static {
    /// The peer with this key.
    fn owner(&self, key: &NodePublicKey) -> Option<PeerId>;
}

/// What a node needs for its handshakes.
#[derive(Clone)]
pub struct Tls {
    provider: Arc<CryptoProvider>,
    identity: Arc<CertifiedKey>,
    list: Arc<dyn AllowList>,
}

impl Tls {
    /// With this node's key, and who is listed.
    ///
    /// # Errors
    /// When the TLS library refuses the key.
    pub fn new(key: &NodeKey, list: Arc<dyn AllowList>) -> Result<Self, Error> {
        let signer = ring::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(key.to_pkcs8()))?;
        let identity = CertifiedKey::new(vec![CertificateDer::from(key.public().to_spki())], signer);
        Ok(Self { provider: Arc::new(ring::default_provider()), identity: Arc::new(identity), list })
    }

    /// For connections that come in.
    ///
    /// # Errors
    /// When the TLS library refuses the settings.
    pub fn server(&self) -> Result<ServerConfig, Error> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider));
        let resolver = AlwaysResolvesServerRawPublicKeys::new(Arc::clone(&self.identity));
        let mut config = builder
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(Arc::new(self.verifier(None)))
            .with_cert_resolver(Arc::new(resolver));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    /// For dialing a peer, who must have the key that is listed for it.
    ///
    /// # Errors
    /// When the TLS library refuses the settings.
    pub fn client(&self, peer: PeerId, key: NodePublicKey) -> Result<ClientConfig, Error> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider));
        let resolver = AlwaysResolvesClientRawPublicKeys::new(Arc::clone(&self.identity));
        let mut config = builder
            .with_protocol_versions(&[&TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(self.verifier(Some((peer, key)))))
            .with_client_cert_resolver(Arc::new(resolver));
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        Ok(config)
    }

    fn verifier(&self, wanted: Option<(PeerId, NodePublicKey)>) -> Verifier {
        Verifier { provider: Arc::clone(&self.provider), list: Arc::clone(&self.list), wanted }
    }
}

/// The name that a dialing node checks is the key; the TLS library wants one of its own kind besides, which is not sent.
pub fn server_name() -> ServerName<'static> {
    ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into())
}

/// Judges a peer's key: listed, and when dialing, that of the peer dialed.
struct Verifier {
    provider: Arc<CryptoProvider>,
    list: Arc<dyn AllowList>,
    wanted: Option<(PeerId, NodePublicKey)>,
}

impl core::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Verifier").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl Verifier {
    fn judge(&self, spki: &CertificateDer<'_>, more: &[CertificateDer<'_>]) -> Result<(), Error> {
        let refuse = |reason| Err(Error::InvalidCertificate(CertificateError::Other(OtherError(reason))));
        let found = NodePublicKey::from_spki(spki).filter(|_| more.is_empty());
        let found = found.ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let of = self.list.owner(&found);
        match self.wanted {
            Some((wanted, expected)) if found != expected => {
                refuse(Arc::new(WrongKey { wanted, expected, found, of }))
            }
            None if of.is_none() => refuse(Arc::new(NotListed(found))),
            _ => Ok(()),
        }
    }

    fn signature(
        &self,
        message: &[u8],
        spki: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if signed.scheme != SignatureScheme::ED25519 {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        let spki = SubjectPublicKeyInfoDer::from(spki.as_ref());
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &spki, signed, algorithms)
    }
}

/// TLS 1.2 is not spoken: its signatures are never asked for.
fn not_spoken() -> Result<HandshakeSignatureValid, Error> {
    Err(Error::General("TLS 1.2 is not spoken".into()))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        spki: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge(spki, more).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _spki: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        not_spoken()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        spki: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, spki, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        spki: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge(spki, more).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _spki: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        not_spoken()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        spki: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, spki, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
