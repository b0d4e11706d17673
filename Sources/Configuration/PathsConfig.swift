import JSON
package import SystemPackage

/// Kind `paths`: where data and stage1 images are, unless the command line says otherwise.
package struct PathsConfig: Equatable, Sendable {
    package var data: FilePath?
    package var stage1Images: FilePath?

    package init(data: FilePath? = nil, stage1Images: FilePath? = nil) {
        self.data = data
        self.stage1Images = stage1Images
    }

    /// Reads `paths.d` of all directories; each setting comes from the last directory that has it.
    package init(from directories: ConfigDirectories) throws {
        self.init()
        for directory in directories.inOrder {
            let own = try PathsConfig(in: directory)
            data = own.data ?? data
            stage1Images = own.stage1Images ?? stage1Images
        }
    }

    private init(in directory: FilePath) throws {
        var data: FilePath?
        var stage1Images: FilePath?
        try ConfigSubdirectory.paths.read(in: directory) { _, fields in
            if let text: String = try fields.optional("data"), !text.isEmpty {
                guard text.hasPrefix("/") else { throw ConfigError.dataNotAbsolute }
                guard data == nil else { throw ConfigError.dataRepeated }
                data = FilePath(text)
            }
            if let text: String = try fields.optional("stage1-images"), !text.isEmpty {
                guard text.hasPrefix("/") else { throw ConfigError.stage1ImagesNotAbsolute }
                guard stage1Images == nil else { throw ConfigError.stage1ImagesRepeated }
                stage1Images = FilePath(text)
            }
        }
        self.init(data: data, stage1Images: stage1Images)
    }
}
