//! One scope, written in every format.

use std::path::Path;

use super::super::{ObjectFacts, SyncScope, Verdict};
use crate::scope::{Evaluator, of_text};

/// A partition to be written down.
#[derive(Debug, Clone)]
pub(crate) struct Domain {
    pub(crate) dn: String,
    pub(crate) selected: bool,
    pub(crate) inclusions: Vec<String>,
    pub(crate) exclusions: Vec<String>,
}

/// What must never leave a reader.
pub(crate) const SECRET: &str = "TVNEUwMAAABz3cr3t";

pub(crate) fn domain(dn: &str, inclusions: &[&str], exclusions: &[&str]) -> Domain {
    let owned = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
    Domain { dn: dn.to_owned(), selected: true, inclusions: owned(inclusions), exclusions: owned(exclusions) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn json_list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|t| json(t)).collect::<Vec<_>>().join(", "))
}

pub(crate) const ID: &str = "5e2f0a31-7b1d-4c3e-9f60-0a1b2c3d4e5f";

/// `Connectors/Connector_{guid}.xml`.
pub(crate) fn connector_xml(domains: &[Domain], group: &str) -> String {
    let list = |tag: &str, texts: &[String]| {
        texts.iter().map(|t| format!("<{tag}>{}</{tag}>\n", escaped(t))).collect::<String>()
    };
    let partitions: String = domains
        .iter()
        .map(|d| {
            format!(
                "<partition><id>{{1}}</id><name>{}</name><selected>{}</selected><filter><object-classes>\
                 <object-class>user</object-class><object-class>group</object-class>\
                 <object-class>organizationalUnit</object-class></object-classes>\n<containers><exclusions>\n{}</exclusions>\
                 <inclusions>\n{}</inclusions></containers></filter><custom-data><adma-partition-data><cookie>{SECRET}</cookie>\
                 </adma-partition-data></custom-data><parameter-values><parameter name=\"last-dc\">dc1.contoso.com</parameter>\
                 <parameter name=\"cookie\">{SECRET}</parameter></parameter-values></partition>\n",
                escaped(&d.dn),
                u8::from(d.selected),
                list("exclusion", &d.exclusions),
                list("inclusion", &d.inclusions),
            )
        })
        .collect();
    format!(
        "<ma-data>\n<id>{{{}}}</id>\n<name>contoso.com</name>\n<category>AD</category>\n<private-configuration>\
         <adma-configuration><forest-name>contoso.com</forest-name><parameter-values>\
         <parameter name=\"forest-login-user\">MSOL_1</parameter><parameter name=\"forest-login-domain\">contoso.com</parameter>\
         <parameter name=\"password\" encrypted=\"1\">{SECRET}</parameter>\
         <parameter name=\"Connector.GroupFilteringGroupDn\">{}</parameter></parameter-values></adma-configuration>\
         </private-configuration>\n<ma-partition-data>\n{partitions}</ma-partition-data>\n<ma-run-data><run-configuration>\
         <configuration><step><partition>{{1}}</partition></step></configuration></run-configuration></ma-run-data></ma-data>\n",
        ID.to_uppercase(),
        escaped(group),
    )
}

/// `Get-ADSyncConnector | ConvertTo-Json -Depth 6`.
pub(crate) fn connector_json(domains: &[Domain], group: &str) -> String {
    let partitions: Vec<String> = domains
        .iter()
        .map(|d| {
            format!(
                "{{\"Name\": {dn}, \"DN\": {dn}, \"Selected\": {}, \"Identifier\": \"1\", \"Parameters\": [{{\"Name\": \"last-dc\", \
                 \"Value\": \"dc1.contoso.com\"}}, {{\"Name\": \"cookie\", \"Value\": \"{SECRET}\"}}],\n\"ConnectorPartitionScope\": \
                 {{\n\"ObjectClasses\": [\"user\", \"group\", \"organizationalUnit\"],\n\"ContainerInclusionList\": {},\n\
                 \"ContainerExclusionList\": {} }} }}",
                d.selected,
                json_list(&d.inclusions),
                json_list(&d.exclusions),
                dn = json(&d.dn),
            )
        })
        .collect();
    let entra = "{ \"Name\": \"contoso.onmicrosoft.com - AAD\", \"Type\": \"Extensible2\", \"Identifier\": \"2\", \"Partitions\": [ \
                 {\"Name\": \"default\", \"DN\": \"default\", \"Selected\": true} ] }";
    format!(
        "[ {{ \"Name\": \"contoso.com\", \"Type\": \"AD\", \"Identifier\": \"{ID}\",\n\"ConnectivityParameters\": [\
         {{\"Name\": \"forest-login-user\", \"Value\": \"MSOL_1\"}}, {{\"Name\": \"forest-login-domain\", \"Value\": \"contoso.com\"}},\
         {{\"Name\": \"forest-name\", \"Value\": \"contoso.com\"}},\
         {{\"Name\": \"password\", \"Value\": \"{SECRET}\"}} ],\n\"Partitions\": [ {} ],\n\"GlobalParameters\": [ {{ \"Name\": \
         \"Connector.GroupFilteringGroupDn\", \"Value\": {} }} ] }},\n{entra} ]",
        partitions.join(",\n"),
        json(group),
    )
}

/// `Get-ADSyncConnector | Export-Clixml`.
pub(crate) fn connector_clixml(domains: &[Domain], group: &str) -> String {
    let list = |name: &str, texts: &[String]| {
        let items: String = texts.iter().map(|t| format!("<S>{}</S>\n", escaped(t))).collect();
        format!(
            "<Obj N=\"{name}\" RefId=\"{name}\"><TN RefId=\"9\"><T>System.Collections.Generic.List</T></TN><LST>\n{items}</LST></Obj>"
        )
    };
    let partitions: String = domains
        .iter()
        .enumerate()
        .map(|(i, d)| {
            format!(
                "<Obj RefId=\"p{i}\"><ToString>{dn}</ToString><Props><S N=\"Name\">{dn}</S><S N=\"DN\">{dn}</S><B N=\"Selected\">{}</B>\
                 <Obj N=\"ConnectorPartitionScope\" RefId=\"s{i}\"><Props>{}{}{}</Props></Obj>\
                 <Obj N=\"Parameters\" RefId=\"q{i}\"><LST><Obj RefId=\"r{i}\"><Props><S N=\"Name\">last-dc</S>\
                 <S N=\"Value\">dc1.contoso.com</S></Props></Obj></LST></Obj></Props></Obj>\n",
                d.selected,
                list("ObjectClasses", &["user", "group", "organizationalUnit"].map(str::to_owned)).replace("RefId=\"O", &format!("RefId=\"{i}O")),
                list("ContainerInclusionList", &d.inclusions),
                list("ContainerExclusionList", &d.exclusions),
                dn = escaped(&d.dn),
            )
        })
        .collect();
    format!(
        "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\n<Obj RefId=\"0\">\
         <ToString>contoso.com</ToString><Props><S N=\"Name\">contoso.com</S><S N=\"Type\">AD</S><G N=\"Identifier\">{ID}</G>\
         <Obj N=\"ConnectivityParameters\" RefId=\"c\"><LST>\
         <Obj RefId=\"c1\"><Props><S N=\"Name\">forest-login-user</S><S N=\"Value\">MSOL_1</S></Props></Obj>\
         <Obj RefId=\"c2\"><Props><S N=\"Name\">forest-login-domain</S><S N=\"Value\">contoso.com</S></Props></Obj>\
         <Obj RefId=\"c4\"><Props><S N=\"Name\">forest-name</S><S N=\"Value\">contoso.com</S></Props></Obj>\
         <Obj RefId=\"c3\"><Props><S N=\"Name\">password</S><S N=\"Value\">{SECRET}</S></Props></Obj></LST></Obj>\
         <Obj N=\"GlobalParameters\" RefId=\"g\"><LST><Obj RefId=\"h\"><Props><S N=\"Name\">Connector.GroupFilteringGroupDn</S>\
         <S N=\"Value\">{}</S></Props></Obj></LST></Obj>\
         <Obj N=\"Partitions\" RefId=\"x\"><LST>\n{partitions}</LST></Obj></Props></Obj>\n</Objs>\n",
        escaped(group),
    )
}

/// The wizard's policy.
pub(crate) fn policy_json(domains: &[Domain], custom_rules: &str) -> String {
    let partitions: Vec<String> = domains
        .iter()
        .filter(|d| d.selected)
        .map(|d| {
            format!(
                "{{ \"distinguishedName\": {},\n\"containerInclusions\": {},\n\"containerExclusions\": {} }}",
                json(&d.dn),
                json_list(&d.inclusions),
                json_list(&d.exclusions),
            )
        })
        .collect();
    format!(
        "{{ \"azureDirectoryPolicy\": {{\"friendlyName\": \"contoso.onmicrosoft.com - AAD\", \"secret\": \"{SECRET}\"}},\n\
         \"onpremisesDirectoryPolicy\": [ {{ \"friendlyName\": \"contoso.com\", \"fullyQualifiedDomainName\": \"contoso.com\",\n\
         \"uniqueIdentifier\": \"{ID}\",\n\"somethingNew\": {{}},\n\"partitionFilters\": [ {} ],\n\
         \"customSynchronizationRules\": [{custom_rules}], \"standardSynchronizationRules\": [] }} ] }}",
        partitions.join(",\n"),
    )
}

/// The schema of a Cloud Sync job.
pub(crate) fn schema_json(containers: &[&str], groups: &[&str], mappings: &str) -> String {
    let owned = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    format!(
        "{{ \"id\": \"AD2AADProvisioning.1\", \"version\": \"v1.0\",\n\"synchronizationRules\": [ {{ \"id\": \"r1\", \"name\": \"users\",\n\
         \"sourceDirectoryName\": \"Active Directory\", \"targetDirectoryName\": \"Azure Active Directory\",\n\"containerFilter\": \
         {{\"includedContainers\": {}}},\n\"groupFilter\": {{\"includedGroups\": {}}},\n\"objectMappings\": [{mappings}] }} ] }}",
        json_list(&owned(containers)),
        json_list(&owned(groups)),
    )
}

/// A rule of an exported configuration.
pub(crate) fn rule_xml(name: &str, precedence: i64, conditions: &str, value: &str, more: &str) -> String {
    format!(
        "<synchronizationRule>\n<id>{{3}}</id>\n<name>{name}</name>\n<direction>Inbound</direction>\n<connector>{{{ID}}}</connector>\n\
         <sourceObjectType>user</sourceObjectType>\n<targetObjectType>person</targetObjectType>\n<linkType>Join</linkType>\n\
         <precedence>{precedence}</precedence>\n{more}\n<attribute-mappings><mapping>\n<dest>cloudFiltered</dest>{value}</mapping>\
         </attribute-mappings>\n<synchronizationCriteria><conditions>{conditions}</conditions></synchronizationCriteria>\n\
         </synchronizationRule>\n"
    )
}

pub(crate) fn condition_xml(attribute: &str, operator: &str, value: &str) -> String {
    format!(
        "<scope><csAttribute>{attribute}</csAttribute><csOperator>{operator}</csOperator><csValue>{value}</csValue></scope>"
    )
}

pub(crate) fn read(text: impl Into<String>) -> SyncScope {
    of_text(Path::new("fixture"), text.into()).unwrap()
}

pub(crate) fn verdict(scope: &SyncScope, dn: &str, facts: &ObjectFacts) -> Verdict {
    Evaluator::new(scope).verdict(&dn.parse().unwrap(), facts)
}

/// The reason of a verdict on a name alone, and the value that it names.
pub(crate) fn named(scope: &SyncScope, dn: &str) -> (&'static str, String) {
    let verdict = verdict(scope, dn, &ObjectFacts::name_only());
    let expected = match verdict.reason.name() {
        "includedBy" => Some(true),
        "unknown" => None,
        _ => Some(false),
    };
    assert_eq!(verdict.in_scope, expected, "{dn}: {verdict:?}");
    (verdict.reason.name(), verdict.because.map(|b| b.value).unwrap_or_default())
}
