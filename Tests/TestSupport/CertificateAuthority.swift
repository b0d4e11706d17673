package import SystemPackage

/// A certificate authority and servers' certificates, made once per run.
package struct CertificateAuthority: Sendable {
    /// For `SSL_CERT_FILE`.
    package let certificate: FilePath
    private let directory: FilePath

    package static let names = [
        "example.com", "*.example.com", "example.org", "*.example.org", "localhost",
    ]

    /// Certificate and key in one file: for all ``names``, and what no client should take.
    package enum Certificate: String, CaseIterable, Sendable {
        case good, untrusted, expired, misnamed
        /// The name by which a server is asked that shows this one.
        package var host: String { self == .good ? "" : "\(rawValue).example.com" }
    }

    package func file(_ certificate: Certificate = .good) -> FilePath {
        directory.appending("\(certificate.rawValue).pem")
    }

    package static var shared: CertificateAuthority {
        get throws { try made.get() }
    }

    private static let made: Result<CertificateAuthority, any Error> = Result {
        let directory = try RunDirectory.make("certificates")
        let names = (Self.names.map { "DNS:\($0)" } + ["IP:127.0.0.1"]).joined(separator: ",")
        let script = """
            exec 2>log
            authority() {
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \\
                    -keyout "$1.key" -out "$1.crt" -addext basicConstraints=critical,CA:TRUE
            }
            server() { # NAME AUTHORITY NAMES OPTION...
                name=$1 authority=$2 names=$3; shift 3
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$name.key" \\
                    -out "$name.csr" -addext "subjectAltName=$names"
                mkdir -p "db-$name"; : > "db-$name/index"
                printf '[a]\\ndatabase=db-%s/index\\nnew_certs_dir=db-%s\\nrand_serial=yes\\ndefault_md=sha256\\n' \\
                    "$name" "$name" > "$name.cnf"
                printf 'policy=p\\ncopy_extensions=copy\\nunique_subject=no\\n[p]\\ncommonName=supplied\\n' >> "$name.cnf"
                openssl ca -batch -notext -config "$name.cnf" -name a -in "$name.csr" -out "$name.crt" \\
                    -cert "$authority.crt" -keyfile "$authority.key" "$@"
                cat "$name.crt" "$name.key" > "$name.pem"
            }
            authority tests; authority strangers
            server good tests "$1" -days 2
            server untrusted strangers "$1" -days 2
            server misnamed tests DNS:elsewhere.example.net -days 2
            server expired tests "$1" -startdate 20200101000000Z -enddate 20200201000000Z
            """
        do {
            try shell(script, [names], in: directory)
        } catch {
            throw Trouble("\(error)\n\((try? readText(directory.appending("log"))) ?? "")")
        }
        return CertificateAuthority(certificate: directory.appending("tests.crt"), directory: directory)
    }
}
