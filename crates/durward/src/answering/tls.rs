//! Connections, encrypted where the URL says so.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Opens connections.
pub(crate) type Connector = HttpsConnector<HttpConnector>;

/// A connector for http and https. Names of several addresses are tried as RFC 8305 says.
///
/// # Errors
/// When the file with further authorities, which `setting` names, cannot be read.
pub(crate) fn connector(
    https: bool,
    setting: &str,
    ca_file: Option<&Path>,
    timeout: Duration,
) -> Result<Connector, String> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(timeout));
    // Reading the system's certificates takes a while; who speaks http needs none.
    let roots = if https { roots(setting, ca_file)? } else { RootCertStore::empty() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(http))
}

/// The authorities of the system; Mozilla's where it has none, as in an image with nothing but the program; and those of
/// the file.
fn roots(setting: &str, ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    if let Some(path) = ca_file {
        let wrong = |error: &dyn std::fmt::Display| format!("{setting} {}: {error}", path.display());
        let mut count = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
            roots.add(certificate.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
            count += 1;
        }
        if count == 0 {
            return Err(wrong(&"no certificate is in it"));
        }
    }
    Ok(roots)
}
