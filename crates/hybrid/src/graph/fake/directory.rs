//! What Graph itself answers: lists, objects, and changes with the refusals that a recovery meets.

use serde_json::{Map, Value, json};

use super::contract::Fit;
use super::http::{Received, Reply};
use super::{State, in_json};

/// What is left of a list, and how it was asked for.
pub(super) struct Rest {
    objects: Vec<Value>,
    context: String,
    version: String,
    is_eventual: bool,
    size: usize,
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    in_json(
        status,
        &json!({ "error": { "code": code, "message": message, "innerError": { "request-id": "r" } } }),
    )
}

fn not_found(id: &str) -> Reply {
    let message = format!(
        "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    );
    error(404, "Request_ResourceNotFound", &message)
}

fn conflict(target: &str, value: &str) -> Reply {
    let message = format!("Another object with the same value for property {target} already exists.");
    in_json(
        400,
        &json!({ "error": {
            "code": "Request_BadRequest", "message": message,
            "details": [{ "code": "ObjectConflict", "target": target, "message": format!("value {value}") }]
        } }),
    )
}

impl State {
    pub(super) fn graph(&mut self, received: &Received) -> Reply {
        let token = received.header("authorization").and_then(|v| v.strip_prefix("Bearer "));
        if !token.is_some_and(|token| self.tokens.contains(token)) {
            return error(401, "InvalidAuthenticationToken", "Access token is empty, or has expired.");
        }
        if self.forbidden.contains(&received.path) {
            return error(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            );
        }
        let is_eventual = received.header("consistencylevel") == Some("eventual");
        if let [(name, token)] = received.query.as_slice()
            && name == "$skiptoken"
        {
            return match self.pages.remove(token) {
                Some(rest) if rest.is_eventual && !is_eventual => {
                    self.violated_by("a page without ConsistencyLevel")
                }
                Some(rest) => self.page(rest),
                None => error(400, "Request_BadRequest", "The skip token is not known."),
            };
        }
        let contract = std::mem::replace(&mut self.contract, super::Contract::read());
        let call = (received.method.as_str(), received.path.as_str());
        let reply = match contract.check(call, &received.query, is_eventual, &received.body) {
            Ok(fit) => self.carry_out(received, &fit, is_eventual),
            Err(why) => self.violated_by(&format!("{} {}: {why}", received.method, received.target)),
        };
        self.contract = contract;
        reply
    }

    fn violated_by(&mut self, what: &str) -> Reply {
        self.violations.push(what.to_owned());
        error(400, "ContractViolation", what)
    }

    fn carry_out(&mut self, received: &Received, fit: &Fit<'_>, is_eventual: bool) -> Reply {
        let is_bin = received.path.contains("/deletedItems/");
        let id = fit.id.clone().unwrap_or_default();
        let last = received.path.rsplit('/').next().unwrap_or_default();
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        match (received.method.as_str(), last) {
            ("GET", "onPremisesSyncBehavior") => {
                if !self.users.iter().any(|u| u["id"] == id.as_str()) {
                    return not_found(&id);
                }
                let context = format!("http://x/v1.0/$metadata#users('{id}')/onPremisesSyncBehavior/$entity");
                let managed = self.cloud_managed.contains(&id);
                in_json(200, &json!({ "@odata.context": context, "id": id, "isCloudManaged": managed }))
            }
            ("GET", _) if fit.operation.list => self.list(received, fit, is_eventual),
            ("GET", _) => {
                let objects = match (is_bin, fit.operation.entity.as_str()) {
                    (_, "group") => self.lists.get("groups").map_or(&[][..], Vec::as_slice),
                    (true, _) => &self.bin,
                    _ => &self.users,
                };
                match objects.iter().find(|o| o["id"] == id.as_str()) {
                    Some(object) => {
                        let mut object = projected(object, fit.select.as_deref());
                        let set = if fit.operation.entity == "group" { "groups" } else { "users" };
                        object["@odata.context"] = json!(format!("http://x/v1.0/$metadata#{set}/$entity"));
                        in_json(200, &object)
                    }
                    None => not_found(&id),
                }
            }
            ("POST", "restore") => self.restore(&id, &body),
            ("POST", "assignLicense") => self.assign(&id, &body),
            _ => self.patch(&id, &body),
        }
    }

    fn list(&mut self, received: &Received, fit: &Fit<'_>, is_eventual: bool) -> Reply {
        let set = received.path.rsplit('/').next().unwrap_or_default();
        let (objects, context) = match set {
            "users" => (&self.users[..], "users"),
            "microsoft.graph.user" => (&self.bin[..], "users"),
            other => (self.lists.get(other).map_or(&[][..], Vec::as_slice), other),
        };
        let context = match context {
            "roleAssignments" | "roleEligibilityScheduleInstances" | "roleDefinitions" => {
                format!("roleManagement/directory/{context}")
            }
            "onPremisesSynchronization" => format!("directory/{context}"),
            other => other.to_owned(),
        };
        let fits = |o: &&Value| fit.filter.as_ref().is_none_or(|all| all.iter().any(|c| c.fits(o)));
        let objects = objects.iter().filter(fits).map(|o| projected(o, fit.select.as_deref())).collect();
        let version = received.path.split('/').nth(1).unwrap_or_default().to_owned();
        let size = self.page_size.min(fit.top.unwrap_or(usize::MAX)).max(1);
        self.page(Rest { objects, context, version, is_eventual, size })
    }

    fn page(&mut self, mut rest: Rest) -> Reply {
        let after = rest.objects.split_off(rest.size.min(rest.objects.len()));
        let mut body = Map::new();
        body.insert("@odata.context".into(), json!(format!("http://x/v1.0/$metadata#{}", rest.context)));
        body.insert("value".into(), Value::Array(std::mem::replace(&mut rest.objects, after)));
        if !rest.objects.is_empty() {
            let token = format!("page{}", self.next());
            let link = format!("http://{}/{}/users?$skiptoken={token}", self.address, rest.version);
            body.insert("@odata.nextLink".into(), json!(link));
            self.pages.insert(token, rest);
        }
        in_json(200, &Value::Object(body))
    }

    fn restore(&mut self, id: &str, body: &Value) -> Reply {
        let Some(place) = self.bin.iter().position(|u| u["id"] == id) else { return not_found(id) };
        if self.privileged.contains(id) {
            return error(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            );
        }
        let mut user = self.bin[place].clone();
        let upn = user["userPrincipalName"].as_str().unwrap_or_default().to_owned();
        let own = upn.strip_prefix(&id.replace('-', "")).unwrap_or(&upn);
        let upn = body["newUserPrincipalName"].as_str().unwrap_or(own).to_owned();
        let is = |value: &Value, text: &str| value.as_str().is_some_and(|v| v.eq_ignore_ascii_case(text));
        if self.users.iter().any(|other| is(&other["userPrincipalName"], &upn)) {
            return conflict("userPrincipalName", &upn);
        }
        let addresses = user["proxyAddresses"].as_array().cloned().unwrap_or_default();
        let is_taken = |address: &Value| {
            let text = address.as_str().unwrap_or_default();
            let others = self.users.iter().chain(self.lists.get("groups").into_iter().flatten());
            others.filter_map(|o| o["proxyAddresses"].as_array()).flatten().any(|a| is(a, text))
        };
        let (taken, free): (Vec<Value>, Vec<Value>) = addresses.into_iter().partition(is_taken);
        if let Some(first) = taken.first() {
            if body["autoReconcileProxyConflict"] != Value::Bool(true) {
                return conflict("proxyAddresses", first.as_str().unwrap_or_default());
            }
            user["proxyAddresses"] = Value::Array(free);
        }
        user["userPrincipalName"] = json!(upn);
        user["deletedDateTime"] = Value::Null;
        self.bin.remove(place);
        self.users.push(user.clone());
        in_json(200, &user)
    }

    fn assign(&mut self, id: &str, body: &Value) -> Reply {
        let skus: Vec<String> = self
            .lists
            .get("subscribedSkus")
            .into_iter()
            .flatten()
            .filter_map(|s| s["skuId"].as_str().map(str::to_owned))
            .collect();
        let Some(user) = self.users.iter_mut().find(|u| u["id"] == id) else { return not_found(id) };
        if !user["usageLocation"].is_string() {
            let message = "License assignment cannot be done for user with invalid usage location.";
            return error(400, "Request_BadRequest", message);
        }
        let mut licences = user["assignedLicenses"].as_array().cloned().unwrap_or_default();
        let removed = body["removeLicenses"].as_array().cloned().unwrap_or_default();
        licences.retain(|l| !removed.contains(&l["skuId"]));
        for grant in body["addLicenses"].as_array().into_iter().flatten() {
            if !skus.iter().any(|sku| grant["skuId"] == sku.as_str()) {
                return error(400, "Request_BadRequest", "License is not valid.");
            }
            licences.retain(|l| l["skuId"] != grant["skuId"]);
            licences.push(grant.clone());
        }
        user["assignedLicenses"] = Value::Array(licences);
        in_json(200, user)
    }

    fn patch(&mut self, id: &str, body: &Value) -> Reply {
        let anchor = body["onPremisesImmutableId"].as_str();
        let holds =
            |u: &Value| anchor.is_some() && u["onPremisesImmutableId"].as_str() == anchor && u["id"] != id;
        if self.users.iter().any(holds) {
            return conflict("onPremisesImmutableId", anchor.unwrap_or_default());
        }
        let Some(user) = self.users.iter_mut().find(|u| u["id"] == id) else { return not_found(id) };
        for (name, value) in body.as_object().into_iter().flatten() {
            user[name.as_str()] = value.clone();
        }
        in_json(204, &Value::Null)
    }
}

/// The properties that were selected; those without a value are null, as Graph writes them.
fn projected(object: &Value, select: Option<&[String]>) -> Value {
    let Some(select) = select else { return object.clone() };
    Value::Object(select.iter().map(|name| (name.clone(), object[name.as_str()].clone())).collect())
}
