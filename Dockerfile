# The control plane's image:
#   docker buildx build --platform linux/amd64,linux/arm64 --sbom=true --provenance=true \
#     --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) -t penstock:0.1.0 .
# What is in it is laid out by tools/image/assemble.sh, on a base without a shell or a package manager.
ARG NODE_IMAGE=node:24-bookworm-slim
FROM ${NODE_IMAGE} AS build
ARG SOURCE_DATE_EPOCH=0
ENV SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} PATH=/src/node_modules/.bin:$PATH
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm install --no-save --ignore-scripts --no-audit --no-fund
COPY . .
RUN buf generate && sh tools/build.sh && sh tools/image/assemble.sh /image

FROM scratch
COPY --from=build /image /
USER 65532:65532
WORKDIR /var/lib/penstock
ENV NODE_ENV=production
ENTRYPOINT ["/usr/local/bin/node", "--disable-warning=ExperimentalWarning", "/app/dist/cmd/penstock/main.js"]
CMD ["--help"]
