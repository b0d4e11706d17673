package import FetchInterface
package import LinuxSystem

/// Does what a job asks of the network, into one download directory.
package final class FetchService {
    let client: HTTPClient
    let log: DebugLog

    /// Nothing is asked for yet; files go into `directory`, reports to standard output.
    package init(_ options: TransportOptions, directory: consuming Descriptor) throws {
        let reports = options.showsProgress ? ReportOutput.standardOutput : nil
        let messages = reports?.messages ?? Messages()
        log = DebugLog(messages: messages, isOn: options.isDebugging)
        client = try HTTPClient(options, directory: directory, messages: messages, reports: reports)
    }

    package func discover(_ request: Discovery) throws -> FetchAnswer {
        .endpoints(try ImageFetch.discover(request, client, log))
    }

    package func publicKeys(_ source: KeySource, read: KeyReader) throws -> FetchAnswer {
        .publicKeys(try fetchPublicKeys(source, client, log, read: read))
    }

    package func archive(_ request: ArchiveDownload, checkIssuers: IssuerCheck) throws -> FetchAnswer {
        try fetchArchive(request, client, log, checkIssuers: checkIssuers)
    }
}
