import AppContainer
import CLinux
import Configuration
import FetchInterface
import Glibc
import ImageArchive
import ImageTrust
import LinuxSystem
import Stage0
import SystemPackage

extension CommandContext {
    /// What gets the images of this command; `standard` is the policy when nobody asks for one.
    func imageFetcher(_ data: DataDirectory, standard: PullPolicy) throws -> ImageFetcher {
        let policy = try options.requestedPullPolicy()
        var fetching = FetchOptions(policy: policy ?? standard, keys: keyStore)
        fetching.isPolicyExplicit = policy != nil
        fetching.insecure = options.insecure.fetching
        fetching.isDebugging = options.isDebugging
        let isDebugging = options.isDebugging
        let dialogue = FetchDialogue(
            log: { self.logRaw("image: \($0)") },
            debug: { if isDebugging { self.logRaw("image: \($0)") } },
            review: { self.keyReview(prefix: $0.rawValue, isResult: false) },
            terminal: isatty(STDERR_FILENO) == 0
                ? nil
                : ProgressTerminal(
                    write: { self.logWithoutNewline($0) }, size: { WindowSize(of: STDERR_FILENO) }))
        let fetcher = try ImageFetcher(data, fetching, fetchConfiguration, dialogue)
        // Only the superuser can give files to their owners; pods of others render when they are prepared.
        fetcher.makesTrees = geteuid() == 0
        return fetcher
    }
}

extension CommandContext {
    private var fetchConfiguration: FetchConfiguration {
        var configuration = FetchConfiguration()
        configuration.access = {
            let (auth, registries) = try self.readingConfiguration {
                (try AuthConfig(from: $0), try DockerAuthConfig(from: $0))
            }
            for file in auth.exposedFiles + registries.exposedFiles {
                self.log("warning: \(quoted(file.string)) has credentials in it and can be read by everybody")
            }
            var access = FetchConfiguration.Access()
            access.credentials = auth.credentials.keys.sorted().flatMap { auth.credentials(forHost: $0) }
            access.registry = { registries.credentials(forRegistry: $0) }
            return access
        }
        configuration.limits = {
            let configured = try self.readingConfiguration { try LimitsConfig(from: $0) }
            var limits = FetchConfiguration.Limits()
            limits.archive = ArchiveLimits(configured)
            limits.transfer = TransferLimits(configured)
            return limits
        }
        return configuration
    }
}
