/**
 * WebAuthn's JSON (level 3, sections 5.1.8 to 5.1.10) for browsers that have passkeys and not yet
 * `parseCreationOptionsFromJSON`, `parseRequestOptionsFromJSON` and `toJSON`.
 */

type Json = Record<string, unknown>;
interface Descriptor extends Json {
  id: string;
}

/** What to ask for a passkey with, from the server's `publicKey`. */
export function requestOptions(json: unknown): PublicKeyCredentialRequestOptions {
  const parse = PublicKeyCredential.parseRequestOptionsFromJSON;
  if (typeof parse === "function") return parse.call(PublicKeyCredential, json as PublicKeyCredentialRequestOptionsJSON);
  const options = json as Json & { challenge: string; allowCredentials?: Descriptor[] };
  return {
    ...options,
    challenge: decode(options.challenge),
    allowCredentials: (options.allowCredentials ?? []).map(descriptor),
  };
}

/** What to make a passkey with, from the server's `publicKey`. */
export function creationOptions(json: unknown): PublicKeyCredentialCreationOptions {
  const parse = PublicKeyCredential.parseCreationOptionsFromJSON;
  if (typeof parse === "function") return parse.call(PublicKeyCredential, json as PublicKeyCredentialCreationOptionsJSON);
  const options = json as Json & { challenge: string; user: Descriptor; excludeCredentials?: Descriptor[] };
  return {
    ...options,
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(descriptor),
  } as unknown as PublicKeyCredentialCreationOptions;
}

/** What the authenticator answered, as the server takes it. */
export function credentialJson(credential: PublicKeyCredential): unknown {
  if (typeof credential.toJSON === "function") {
    try {
      return credential.toJSON();
    } catch {
      // Some extensions of password managers answer with an object of their own, on which it throws.
    }
  }
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: responseJson(credential.response),
  };
}

function responseJson(response: AuthenticatorResponse): Json {
  const clientDataJSON = encode(response.clientDataJSON);
  if ("attestationObject" in response) {
    const made = response as AuthenticatorAttestationResponse;
    const transports = typeof made.getTransports === "function" ? made.getTransports() : [];
    return { clientDataJSON, attestationObject: encode(made.attestationObject), transports };
  }
  const { authenticatorData, signature, userHandle } = response as AuthenticatorAssertionResponse;
  return {
    clientDataJSON,
    authenticatorData: encode(authenticatorData),
    signature: encode(signature),
    ...(userHandle && { userHandle: encode(userHandle) }),
  };
}

function descriptor(one: Descriptor): PublicKeyCredentialDescriptor {
  return { ...one, type: "public-key", id: decode(one.id) } as PublicKeyCredentialDescriptor;
}

/** Bytes from base64url (RFC 4648 section 5) without padding. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function encode(bytes: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
