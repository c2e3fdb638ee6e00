//! Configurations for the tests.

/// A connector to `contoso.test`, as `Get-ADSyncConnector | ConvertTo-Json -Depth 6` gives it.
pub(crate) struct Connector {
    pub(crate) selected: bool,
    pub(crate) inclusions: &'static [&'static str],
    pub(crate) exclusions: &'static [&'static str],
    pub(crate) classes: &'static [&'static str],
    pub(crate) group: Option<&'static str>,
    pub(crate) last_dc: Option<&'static str>,
}

/// One that takes the whole domain.
pub(crate) const WHOLE: Connector = Connector {
    selected: true,
    inclusions: &["DC=contoso,DC=test"],
    exclusions: &[],
    classes: &["user", "inetOrgPerson", "group", "organizationalUnit"],
    group: Some(""),
    last_dc: Some("dc1.contoso.test"),
};

impl Connector {
    pub(crate) fn json(&self) -> String {
        let parameters = |name: &str, value: Option<&str>| {
            value.map_or_else(
                || "[]".to_owned(),
                |value| format!(r#"[{{"Name":"{name}","Value":"{value}"}}]"#),
            )
        };
        format!(
            r#"[{{"Name":"contoso.test","Type":"AD","Identifier":"5e2f0a31-7b1d-4c3e-9f60-0a1b2c3d4e5f",
              "ConnectivityParameters":[{{"Name":"forest-login-user","Value":"MSOL_1"}},{{"Name":"forest-login-domain","Value":"contoso.test"}}],
              "Partitions":[{{"Name":"DC=contoso,DC=test","DN":"DC=contoso,DC=test","Selected":{},"Identifier":"1","Parameters":{},
                "ConnectorPartitionScope":{{"ObjectClasses":{:?},"ContainerInclusionList":{:?},"ContainerExclusionList":{:?}}}}}],
              "GlobalParameters":{}}}]"#,
            self.selected,
            parameters("last-dc", self.last_dc),
            self.classes,
            self.inclusions,
            self.exclusions,
            parameters("Connector.GroupFilteringGroupDn", self.group),
        )
    }
}

/// The same connector as `Get-ADSyncServerConfiguration` writes it, without rules.
pub(crate) const CONNECTOR_XML: &str = "<ma-data><id>{5e2f0a31-7b1d-4c3e-9f60-0a1b2c3d4e5f}</id><name>contoso.test</name>\
    <category>AD</category><private-configuration><adma-configuration><forest-name>contoso.test</forest-name><parameter-values>\
    <parameter name=\"Connector.GroupFilteringGroupDn\"></parameter></parameter-values></adma-configuration>\
    </private-configuration><ma-partition-data><partition><id>{1}</id><name>DC=contoso,DC=test</name><selected>1</selected>\
    <filter><object-classes><object-class>user</object-class></object-classes><containers><exclusions></exclusions>\
    <inclusions><inclusion>DC=contoso,DC=test</inclusion></inclusions></containers></filter><parameter-values>\
    <parameter name=\"last-dc\">dc1.contoso.test</parameter></parameter-values></partition></ma-partition-data></ma-data>";

/// A rule of the administrator that writes `cloudFiltered` (`value`) for those whose extensionAttribute1 is `no`.
pub(crate) fn rule_xml(value: &str) -> String {
    format!(
        "<synchronizationRule><id>{{3}}</id><name>Keep out</name><direction>Inbound</direction>\
         <connector>{{5e2f0a31-7b1d-4c3e-9f60-0a1b2c3d4e5f}}</connector><sourceObjectType>user</sourceObjectType>\
         <targetObjectType>person</targetObjectType><linkType>Join</linkType><precedence>50</precedence>\
         <attribute-mappings><mapping><dest>cloudFiltered</dest>{value}</mapping></attribute-mappings>\
         <synchronizationCriteria><conditions><scope><csAttribute>extensionAttribute1</csAttribute>\
         <csOperator>EQUAL</csOperator><csValue>no</csValue></scope></conditions></synchronizationCriteria>\
         </synchronizationRule>"
    )
}

/// The default join rule of users, switched off.
pub(crate) const JOIN_OFF_XML: &str = "<synchronizationRule><id>{4}</id><name>In from AD - User Join</name>\
    <immutable-tag>Microsoft.InfromADUserJoin.003</immutable-tag><direction>Inbound</direction><disabled>true</disabled>\
    <connector>{5e2f0a31-7b1d-4c3e-9f60-0a1b2c3d4e5f}</connector><sourceObjectType>user</sourceObjectType>\
    <targetObjectType>person</targetObjectType><linkType>Provision</linkType><precedence>102</precedence>\
    <attribute-mappings></attribute-mappings></synchronizationRule>";
