//! An `OpenID` Connect issuer in process: discovery, keys and signed assertions (RS256).

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http_server::{Server, bind};

/// The audience that Entra wants in a federated assertion.
pub const TOKEN_EXCHANGE_AUDIENCE: &str = "api://AzureADTokenExchange";

/// Plays the issuer that an AWS account gets with outbound identity federation.
pub struct FederationIssuer {
    url: String,
    key: SigningKey,
    _server: Server,
}

struct SigningKey {
    id: String,
    private: EncodingKey,
}

impl FederationIssuer {
    /// Makes a key pair and serves its public half.
    pub async fn start() -> io::Result<Self> {
        let (listener, url) = bind(0).await?;
        let key = SigningKey::generate()?;
        let mut public =
            Jwk::from_encoding_key(&key.private, Algorithm::RS256).map_err(io::Error::other)?;
        public.common.key_id = Some(key.id.clone());
        let keys = JwkSet { keys: vec![public] };
        let configuration = json!({
            "issuer": url,
            "jwks_uri": format!("{url}/.well-known/jwks.json"),
            "id_token_signing_alg_values_supported": ["RS256", "ES384"],
        });
        let router = Router::new()
            .route(
                "/.well-known/openid-configuration",
                get(|| async move { Json(configuration) }),
            )
            .route("/.well-known/jwks.json", get(|| async move { Json(keys) }));
        Ok(Self {
            url,
            key,
            _server: Server::serve(listener, router),
        })
    }

    /// The issuer as it stands in the claim `iss` and in a federated credential.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// An assertion that is good for five minutes from now.
    pub fn assertion(&self, subject: &str, audience: &str) -> io::Result<String> {
        let now = unix_seconds(SystemTime::now());
        self.sign(&json!({
            "iss": self.url,
            "sub": subject,
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now + Duration::from_mins(5).as_secs(),
            "jti": Uuid::new_v4(),
        }))
    }

    /// Signs any claims, right or wrong.
    pub fn sign(&self, claims: &Value) -> io::Result<String> {
        self.key.sign(claims)
    }

    /// Another key under this issuer's key id: what it signs must not verify.
    pub fn forger(&self) -> io::Result<Forger> {
        let mut key = SigningKey::generate()?;
        key.id.clone_from(&self.key.id);
        Ok(Forger { key })
    }
}

/// Signs with a key that no issuer publishes.
pub struct Forger {
    key: SigningKey,
}

impl Forger {
    /// Signs claims under the key id of the issuer that is being imitated.
    pub fn sign(&self, claims: &Value) -> io::Result<String> {
        self.key.sign(claims)
    }
}

impl SigningKey {
    fn generate() -> io::Result<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(io::Error::other)?;
        let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(io::Error::other)?;
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(pkcs8.as_ref())
        );
        let private = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(io::Error::other)?;
        Ok(Self {
            id: Uuid::new_v4().to_string(),
            private,
        })
    }

    fn sign(&self, claims: &Value) -> io::Result<String> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.private).map_err(io::Error::other)
    }
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
