package import FetchInterface

extension FetchService {
    package func registryImage(_ request: RegistryDownload) throws -> FetchAnswer {
        .registryImage(try ImageFetch.registryImage(request, options: client.options, client: client, log: log))
    }
}
