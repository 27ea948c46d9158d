{{- /* Names derive from the release, so that two releases never meet. */ -}}
{{- define "muster.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The name of the Deployment, ServiceAccount, Lease and whatever else belongs to the program. */ -}}
{{- define "muster.operator" -}}
{{ include "muster.fullname" . }}-operator
{{- end -}}

{{- define "muster.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "muster.labels" -}}
{{ include "muster.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: muster
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "muster.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{- /* "yes" when this release is to carry the CRD .name: it is not there yet, or it is ours, or we
were told to adopt it. */ -}}
{{- define "muster.carriesCrd" -}}
{{- if .root.Values.crds.install -}}
{{- $found := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" .name -}}
{{- if or (not $found) .root.Values.crds.adopt -}}
yes
{{- else -}}
{{- $notes := default dict $found.metadata.annotations -}}
{{- if and (eq (default "" (get $notes "meta.helm.sh/release-name")) .root.Release.Name)
           (eq (default "" (get $notes "meta.helm.sh/release-namespace")) .root.Release.Namespace) -}}
yes
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The settings that a running operator does not take over ("live" in docs/reference/config.md). */ -}}
{{- define "muster.fixedConfig" -}}
{{- $fixed := omit .Values.config "policy" "log" -}}
{{- toYaml (set $fixed "log" (omit (default dict .Values.config.log) "level")) -}}
{{- end -}}

{{- define "muster.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "muster.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}
